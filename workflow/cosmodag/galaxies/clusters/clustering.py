"""Clusters of galaxies in the latent space of a run, compared with simpler feature spaces."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from cosmodag import provenance
from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.files import whole_file, whole_folder
from cosmodag.galaxies.baselines import morphology
from cosmodag.galaxies.clusters import figures, titles
from cosmodag.galaxies.clusters.cluster_file import FILE_NAME, LatentClusters, write_clusters
from cosmodag.galaxies.clusters.embedding import tsne_map
from cosmodag.galaxies.clusters.feature_spaces import FeatureSpaces, read_feature_spaces
from cosmodag.galaxies.clusters.labels import LabelColumn, label_counts, read_labels
from cosmodag.galaxies.clusters.model_selection import STABLE, ClusterSearch, cluster_features
from cosmodag.galaxies.clusters.outliers import outlier_reference
from cosmodag.galaxies.outputs import CLUSTERS
from cosmodag.imaging import colour_images
from cosmodag.json_files import write_json
from cosmodag.training.prediction import load_run

MAX_EMBEDDED = 1000
REPLICAS = 300
N_OUTLIERS = 12
"""Outliers that are shown."""


def cluster_galaxies(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    labels: LabelColumn | None = None,
    search: ClusterSearch | None = None,
    max_embedded: int = MAX_EMBEDDED,
    replicas: int = REPLICAS,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, Any]:
    """Cluster the galaxies of a dataset and write the results to a folder.

    The folder has clusters.json, which is also returned; members.csv, with one row per example;
    cluster_model.h5, which assigns other latents to clusters (`read_clusters`); and figures/.

    Parameters
    ----------
    run_folder : path-like
        Run of the task latent.
    dataset_folder : path-like
        Dataset that the run was trained on.
    output : path-like
        Folder to write. It appears only when it is complete.
    labels : LabelColumn, optional
        Labels to compare the clusters with.
    search : ClusterSearch, optional
        Settings of the search for clusters.
    max_embedded : int
        Largest number of examples on the t-SNE map.
    replicas : int
        Bootstrap replicas of the agreement with labels.
    device, threads
        See `read_latents`.

    Returns
    -------
    dict
        `spaces`, for each feature space its `n_dimensions`, the number of `unmeasured` examples,
        the `chosen` method and all `methods` (see `cluster_features`), or why it was `skipped`;
        `latent_dim`; `sentence`; `labels`; `settings`; `outliers`; and the provenance as in
        metrics.json.

    Raises
    ------
    InputError
        If no latent dimension of the run is active, there are too few examples for the largest
        number of clusters, or labels are not found.
    """
    run_folder, dataset_folder = Path(run_folder), Path(dataset_folder)
    search = search or ClusterSearch()
    *_, description = load_run(run_folder)
    spaces = read_feature_spaces(
        run_folder, dataset_folder, description, seed=search.seed, device=device, threads=threads
    )
    index = spaces.index_by_split
    labels_by_split = None if labels is None else read_labels(index, labels)
    groups = index["test"]["group"].to_numpy()
    # Small matrices gain nothing from threads.
    with threadpool_limits(1, "blas"):
        results = {
            name: _cluster_space(name, features, groups, labels_by_split, search, replicas)
            for name, features in spaces.features.items()
        }
    clusters = {
        name: result["clusters"][result["chosen"]]
        for name, result in results.items()
        if "chosen" in result
    }
    latent = results["latent"]
    latent_clusters = LatentClusters(
        run=run_folder.name,
        model_hash=provenance.file_hash(run_folder / "model.pt"),
        method=latent["chosen"],
        active=spaces.active,
        clusters=latent["models"][latent["chosen"]],
        outliers=outlier_reference(spaces.features["latent"]["train"], seed=search.seed),
    )
    members = _member_table(spaces, clusters, labels_by_split, latent_clusters)
    members[["map_x", "map_y"]] = tsne_map(
        np.concatenate([spaces.features["latent"][split] for split in SPLITS]),
        max_embedded,
        seed=search.seed,
        threads=threads,
    )
    test = members[members["split"] == "test"].reset_index(drop=True)
    outliers = test.sort_values("outlier_score", ascending=False, kind="stable").head(N_OUTLIERS)
    settings = _settings(labels, search, max_embedded, replicas)
    modules = [__name__, f"cosmodag.models.{description['model']['name']}"]
    content = {
        "experiment": "galaxies",
        "run": run_folder.name,
        "split": "test",
        "n": {split: len(rows) for split, rows in index.items()},
        "sentence": summarize(results),
        "spaces": {name: _space_content(spaces, name, result) for name, result in results.items()},
        "latent_dim": len(spaces.active),
        "labels": (
            None
            if labels is None or labels_by_split is None
            else label_counts(labels.column, labels_by_split)
        ),
        "settings": settings,
        "outliers": outliers[["id", "outlier_score", "rarity"]].to_dict("records"),
        "provenance": {
            "code": provenance.fingerprint(*modules),
            "modules": modules,
            "config": provenance.value_hash({**description, "clusters": settings}),
            "data": provenance.file_hash(dataset_folder / "dataset.json"),
            "model": latent_clusters.model_hash,
            "seed": search.seed,
            "versions": provenance.versions(("torch", "numpy", "scikit-learn", "h5py")),
            "device": description.get("device"),
        },
    }
    with whole_folder(output, CLUSTERS) as folder:
        with whole_file(folder / "members.csv") as partial:
            members.to_csv(partial, index=False)
        write_clusters(folder / FILE_NAME, latent_clusters)
        (folder / "figures").mkdir()
        _draw(folder / "figures", spaces, clusters, members, outliers, search.seed)
        write_json(
            folder / "clusters.json",
            content,
            inputs=[
                run_folder / "run.json",
                dataset_folder / "dataset.json",
                *([] if labels is None or labels.table is None else [labels.table["path"]]),
            ],
            files=[folder / "members.csv", *sorted((folder / "figures").iterdir())],
        )
    return content


def summarize(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a sentence on the stability of the clusters in each feature space.

    Parameters
    ----------
    results : mapping from str to mapping
        Results of `cluster_features` for each space, or why it was `skipped`.

    Returns
    -------
    str
    """
    clauses = []
    for name, result in results.items():
        if "skipped" in result:
            clauses.append(f"no clusters in {titles.SPACES[name]} ({result['skipped']})")
            continue
        method = result["methods"][result["chosen"]]
        index = method["stability"]
        verb = "are stable" if index["value"] >= STABLE else "are not stable"
        clauses.append(
            f"{method['n_clusters']} clusters in {titles.SPACES[name]} "
            f"({titles.METHODS[result['chosen']]}) {verb} under resampling (adjusted Rand index "
            f"{number(index['value'])}, {bounds(index)})"
        )
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _cluster_space(
    name: str,
    features: Mapping[str, np.ndarray],
    groups: np.ndarray,
    labels: Mapping[str, np.ndarray] | None,
    search: ClusterSearch,
    replicas: int,
) -> dict[str, Any]:
    """Cluster examples in one space; spaces other than the latent may have too few examples."""
    try:
        return cluster_features(features, groups, labels=labels, search=search, replicas=replicas)
    except InputError as error:
        if name == "latent":
            raise
        return {"skipped": str(error)}


def _settings(
    labels: LabelColumn | None, search: ClusterSearch, max_embedded: int, replicas: int
) -> dict[str, Any]:
    """Return the settings by the names that they have in the configuration."""
    return {
        "labels": labels and labels.column,
        "label_table": labels and labels.table,
        "label_edges": labels and labels.edges,
        "max_embedded": max_embedded,
        "max_clusters": search.max_clusters,
        "n_bootstrap": search.n_bootstrap,
        "replicas": replicas,
        "seed": search.seed,
    }


def _space_content(spaces: FeatureSpaces, name: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of clusters.json on one feature space."""
    features = spaces.features[name]
    return {
        "n_dimensions": features["train"].shape[1],
        "unmeasured": {
            split: int(np.isnan(values).any(1).sum()) for split, values in features.items()
        },
        **{key: result[key] for key in ("chosen", "methods", "skipped") if key in result},
    }


def _member_table(
    spaces: FeatureSpaces,
    clusters: Mapping[str, Mapping[str, np.ndarray]],
    labels: Mapping[str, np.ndarray] | None,
    latent_clusters: LatentClusters,
) -> pd.DataFrame:
    """Return one row per example: clusters, outlier score, morphology and label."""
    tables = []
    for split in SPLITS:
        latents = spaces.features["latent"][split]
        table = pd.DataFrame({"id": spaces.index_by_split[split]["id"].to_numpy(), "split": split})
        for name, by_split in clusters.items():
            table[name] = by_split[split]
        table["outlier_score"] = latent_clusters.outliers.score(latents)
        table["rarity"] = latent_clusters.outliers.rarity(latents)
        table[list(morphology.NAMES)] = spaces.morphology[split]
        if labels is not None:
            table["label"] = labels[split]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _draw(
    folder: Path,
    spaces: FeatureSpaces,
    clusters: Mapping[str, Mapping[str, np.ndarray]],
    members: pd.DataFrame,
    outliers: pd.DataFrame,
    seed: int,
) -> None:
    """Draw test examples of each cluster, the map of the latent space and the outliers."""

    def images(rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        stamps = spaces.maps["test"].x(np.asarray(rows, dtype=np.int64))
        return [colour_images.rgb_from_channels(stamp, spaces.channels) for stamp in stamps]

    random = np.random.default_rng(seed)
    for name, by_split in clusters.items():
        test = by_split["test"]
        examples = {
            int(cluster): images(
                random.permutation(np.flatnonzero(test == cluster))[: figures.SHOWN]
            )
            for cluster in np.unique(test)
        }
        figures.draw_members(folder / f"members_{name}.svg", figures.member_rows(test, examples))
    on_map = members[members["map_x"].notna()]
    figures.draw_map(
        folder / "places.svg",
        on_map[["map_x", "map_y"]].to_numpy(),
        on_map["latent"].to_numpy(),
    )
    figures.draw_outliers(
        folder / "outliers.svg", images(outliers.index), outliers["outlier_score"].to_list()
    )
