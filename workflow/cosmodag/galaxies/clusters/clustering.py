"""Groups of galaxies by a run's latents, beside those by simpler numbers, and whether they hold."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from cosmodag import provenance
from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.files import whole_file, whole_folder, write_json
from cosmodag.galaxies.baselines import morphology
from cosmodag.galaxies.clusters import choice, figures, titles
from cosmodag.galaxies.clusters.grouping_file import KeptGrouping, write_grouping
from cosmodag.galaxies.clusters.labels import read_labels
from cosmodag.galaxies.clusters.outliers import surroundings
from cosmodag.galaxies.clusters.spaces import Spaces, read_spaces
from cosmodag.imaging import colour_images
from cosmodag.training.prediction import load_run

MAPPED = 1000
REPLICAS = 300
ODDEST = 12
"""Outliers that are drawn."""
PERPLEXITY = 30


def cluster_galaxies(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    labels: str | None = None,
    label_table: Mapping[str, str] | None = None,
    label_edges: Sequence[float] | None = None,
    most: int = choice.MOST,
    resampled: int = choice.RESAMPLED,
    mapped: int = MAPPED,
    replicas: int = REPLICAS,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> dict:
    """Group the galaxies of a dataset and write a folder.

    It holds clusters.json, what is returned; members.csv, a row an example; grouping.h5, which
    tells other latents their group (`read_grouping`); and figures/.

    Parameters
    ----------
    run_folder, dataset_folder
        A run of the task latent, and the dataset that it was trained on.
    output
        Folder to write; it appears whole or not at all.
    labels, label_table, label_edges
        See `read_labels`; no agreement with labels is measured without `labels`.
    most, resampled
        See `choice.grouped`.
    mapped : int
        Most examples that are placed on the map, drawn at random, for its time grows faster than
        their number.
    replicas, seed : int
        Bootstrap replicas of agreement, and the seed of all that is drawn.
    device, threads
        As `read_latents` takes them.

    Returns
    -------
    dict
        `spaces`, for each its `size` (numbers), which examples were `unmeasured`, the `chosen`
        method and all `methods` (see `choice.grouped`), or why it was `skipped`; `sentence`;
        `labels`; `settings`; `outliers`; and, as in metrics.json, where it comes from.

    Raises
    ------
    InputError
        If the run has no latent in use, there are too few examples for so many groups, or labels
        are not found.
    """
    run_folder, dataset_folder = Path(run_folder), Path(dataset_folder)
    *_, description = load_run(run_folder)
    spaces = read_spaces(
        run_folder, dataset_folder, description, seed=seed, device=device, threads=threads
    )
    told = None
    if labels is not None:
        told = read_labels(spaces.index, labels, table=label_table, edges=label_edges)
    options = {"most": most, "resampled": resampled, "replicas": replicas, "seed": seed}
    settings = {"labels": labels, "label_table": label_table, "label_edges": label_edges}
    settings |= {"mapped": mapped, **options}
    # Matrices of a few numbers gain nothing from threads, which wait for each other.
    with threadpool_limits(1, "blas"):
        found = {
            name: _grouped(name, features, spaces.index["test"]["group"], told, **options)
            for name, features in spaces.features.items()
        }
    groups = {
        name: each["groups"][each["chosen"]] for name, each in found.items() if "chosen" in each
    }
    latent = found["latent"]
    kept = KeptGrouping(
        run_folder.name,
        provenance.file_hash(run_folder / "model.pt"),
        latent["chosen"],
        spaces.in_use,
        latent["groupings"][latent["chosen"]],
        surroundings(spaces.features["latent"]["train"], seed=seed),
    )
    members = _members(spaces, groups, told, kept)
    members[["map_x", "map_y"]] = placed(
        np.concatenate([spaces.features["latent"][split] for split in SPLITS]),
        mapped,
        seed=seed,
        threads=threads,
    )
    test = members[members["split"] == "test"].reset_index(drop=True)
    oddest = test.sort_values("outlier_score", ascending=False, kind="stable").head(ODDEST)
    modules = [__name__, f"cosmodag.models.{description['model']['name']}"]
    result = {
        "experiment": "galaxies",
        "run": run_folder.name,
        "split": "test",
        "n": {split: len(each) for split, each in spaces.index.items()},
        "sentence": sentence(found),
        "spaces": {
            name: {
                "size": spaces.features[name]["train"].shape[1],
                "unmeasured": {
                    split: int(np.isnan(each).any(1).sum())
                    for split, each in spaces.features[name].items()
                },
                **{key: each[key] for key in ("chosen", "methods", "skipped") if key in each},
            }
            for name, each in found.items()
        },
        "latent_size": len(spaces.in_use),
        "labels": None if told is None else label_counts(labels, told),
        "settings": settings,
        "outliers": oddest[["id", "outlier_score", "rarity"]].to_dict("records"),
        "provenance": {
            "code": provenance.fingerprint(*modules),
            "modules": modules,
            "config": provenance.value_hash({**description, "clusters": settings}),
            "data": provenance.file_hash(dataset_folder / "dataset.json"),
            "model": kept.model,
            "seed": seed,
            "versions": provenance.versions(("torch", "numpy", "scikit-learn", "h5py")),
            "device": description.get("device"),
        },
    }
    with whole_folder(output) as folder:
        write_json(folder / "clusters.json", result)
        with whole_file(folder / "members.csv") as partial:
            members.to_csv(partial, index=False)
        write_grouping(folder / "grouping.h5", kept)
        (folder / "figures").mkdir()
        _draw(folder / "figures", spaces, groups, members, oddest, seed)
    return result


def _grouped(
    name: str, features: Mapping[str, np.ndarray], independent: pd.Series, labels, **options
) -> dict:
    """What `choice.grouped` finds; why not, in a space where too few examples have a place."""
    try:
        return choice.grouped(features, independent.to_numpy(), labels=labels, **options)
    except InputError as error:
        if name == "latent":
            raise
        return {"skipped": str(error)}


def placed(
    features: np.ndarray, most: int, *, seed: int = 0, threads: int | None = None
) -> np.ndarray:
    """Place examples (N, L) on a map by t-SNE (van der Maaten & Hinton 2008, JMLR 9, 2579).

    Returns
    -------
    numpy.ndarray, shape (N, 2)
        NaN for examples beyond `most`, which are drawn at random.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(features))[:most])
    found = np.full((len(features), 2), np.nan)
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    # Principal components as a start need two numbers of the latent.
    start = "pca" if features.shape[1] > 1 else "random"
    method = TSNE(perplexity=perplexity, init=start, random_state=seed, n_jobs=threads)
    found[rows] = method.fit_transform(features[rows].astype(np.float32))
    return found


def sentence(found: Mapping[str, Mapping]) -> str:
    """Say whether the groups of each space are found again."""
    said = []
    for name, each in found.items():
        if "skipped" in each:
            said.append(f"by {titles.SPACES[name]} none were sought ({each['skipped']})")
            continue
        method = each["methods"][each["chosen"]]
        steady = method["stability"]["value"] >= choice.STEADY
        word = "are found again" if steady else "are not found again"
        said.append(
            f"{method['number']} groups by {titles.SPACES[name]} "
            f"({titles.METHODS[each['chosen']]}) {word} when galaxies are drawn anew (adjusted "
            f"Rand index "
            f"{number(method['stability']['value'])}, {bounds(method['stability'])})"
        )
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def label_counts(column: str, labels: Mapping[str, np.ndarray]) -> dict:
    """How many examples of training and test have each label."""
    counts = {
        split: {str(name): int(count) for name, count in pd.Series(each).value_counts().items()}
        for split, each in labels.items()
        if split != "valid"
    }
    return {"column": column, **counts}


def _members(
    spaces: Spaces,
    groups: Mapping[str, Mapping[str, np.ndarray]],
    labels: Mapping[str, np.ndarray] | None,
    kept: KeptGrouping,
) -> pd.DataFrame:
    """A row an example: where it belongs, how far out it lies, its morphology and its label."""
    parts = []
    for split in SPLITS:
        used = spaces.features["latent"][split]
        part = pd.DataFrame({"id": spaces.index[split]["id"].to_numpy(), "split": split})
        for name, each in groups.items():
            part[name] = each[split]
        part["outlier_score"] = kept.surroundings.score(used)
        part["rarity"] = kept.surroundings.rarity(used)
        part[list(morphology.NAMES)] = spaces.morphology[split]
        if labels is not None:
            part["label"] = labels[split]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _draw(
    folder: Path,
    spaces: Spaces,
    groups: Mapping[str, Mapping[str, np.ndarray]],
    members: pd.DataFrame,
    oddest: pd.DataFrame,
    seed: int,
) -> None:
    """Draw the unseen members of each group, the map of latents and the outliers."""

    def pictures(rows: Sequence[int]) -> list[np.ndarray]:
        stamps = spaces.maps["test"].x(np.asarray(rows, dtype=np.int64))
        return [colour_images.rgb_from_channels(stamp, spaces.channels) for stamp in stamps]

    random = np.random.default_rng(seed)
    for name, each in groups.items():
        test = each["test"]
        shown = {
            int(group): pictures(random.permutation(np.flatnonzero(test == group))[: figures.SHOWN])
            for group in np.unique(test)
        }
        lines = figures.lines_of(test, shown)
        figures.members(folder / f"members_{name}.svg", lines)
    on_map = members[members["map_x"].notna()]
    figures.places(
        folder / "places.svg",
        on_map[["map_x", "map_y"]].to_numpy(),
        on_map["latent"].to_numpy(),
    )
    figures.outliers(
        folder / "outliers.svg", pictures(oddest.index), oddest["outlier_score"].to_list()
    )
