"""Options, targets and resources that rules derive from the configuration."""

import re
import shlex

import pytest

from cosmodag.dag import common, job_start
from cosmodag.errors import InputError
from cosmodag.voids.files import VoidsFiles

SIMULATION = {"realizations": 7, "batch": 3}


def config(**datasets) -> dict:
    return {
        "results": "results",
        "voids": {
            "sources": {
                "boxes": {"simulation": SIMULATION},
                "mr19": {"catalogue": {"path": "$HOME/g.ff"}},
            },
            "grids": {"fine": {"source": "boxes", "cells": [4, 4, 8]}, "one": {"source": "mr19"}},
            "labels": {"true": {"source": "boxes", "matter": {}, "catalogue": False}},
            "cutouts": {"slabs": {"grid": "fine"}, "whole": {"grid": "one"}},
            "datasets": {"slabs": {"cutouts": "slabs"}, "whole": {"cutouts": "whole"}, **datasets},
            "runs": {
                "first": {"dataset": "slabs", "task": {"name": "map", "channel": "a"}},
                "second": {
                    "dataset": "slabs",
                    "task": {"name": "map", "channel": "b", "threshold": 0.3},
                    "truth": "a",
                },
                "third": {
                    "dataset": "relabelled",
                    "task": {"name": "count", "columns": ["n", "v"]},
                },
            },
        },
    }


def test_options_are_quoted_for_the_shell():
    values = {"path": "a b;'c", "cut": {"m": {"min": 1}}, "periodic": False, "none": None, "n": 3}
    assert shlex.split(common.format_options(values)) == [
        "--path",
        "a b;'c",
        "--cut",
        '{"m": {"min": 1}}',
        "--no-periodic",
        "--n",
        "3",
    ]


def test_each_file_is_an_option():
    files = {"galaxies": ["a b.h5"], "pilots_matter": ["1.h5", "2.h5"], "randoms": []}
    assert shlex.split(common.file_options(files)) == [
        "--galaxies=a b.h5",
        "--pilots-matter=1.h5",
        "--pilots-matter=2.h5",
    ]


def test_options_do_not_depend_on_the_order_of_keys():
    assert common.format_options({"cut": {"a": 1, "b": 2}}) == common.format_options(
        {"cut": {"b": 2, "a": 1}}
    )


def test_batches_contain_every_realization_once():
    voids = VoidsFiles(config())
    realizations = []
    for batch in voids.batches("boxes"):
        _, first, _, count = voids.batch_options("boxes", batch).split()
        realizations += range(int(first), int(first) + int(count))
    assert realizations == list(range(7))


def test_a_catalogue_is_one_box():
    assert list(VoidsFiles(config()).batches("mr19")) == [0]
    assert VoidsFiles(config()).examples("whole") == ["results/voids/cutouts/whole/0.h5"]


def test_baselines_read_the_grids_labels_and_matter_of_all_boxes_of_a_dataset():
    values = config(elsewhere={"cutouts": "slabs", "test": "whole"})
    for cutouts, labels in (("slabs", "true"), ("whole", "given")):
        values["voids"]["cutouts"][cutouts]["labels"] = labels
    boxes = ("0", "1", "2")
    assert VoidsFiles(values).baseline_inputs("elsewhere") == {
        "grid": [
            *(f"results/voids/grids/fine/{n}.h5" for n in boxes),
            "results/voids/grids/one/0.h5",
        ],
        "labels": [
            *(f"results/voids/labels/true/{n}.h5" for n in boxes),
            "results/voids/labels/given/0.h5",
        ],
        "matter": [f"results/voids/sources/boxes/matter_{n}.h5" for n in boxes],
    }


def test_baselines_of_a_catalogue_read_no_matter():
    values = config()
    values["voids"]["cutouts"]["whole"]["labels"] = "given"
    assert VoidsFiles(values).baseline_inputs("whole").keys() == {"grid", "labels"}


def test_labels_from_matter_need_the_matter_grid():
    files = VoidsFiles(config()).label_inputs("true", "2")
    assert files == {
        "galaxies": "results/voids/sources/boxes/galaxies_2.h5",
        "matter_grid": "results/voids/sources/boxes/matter_2.h5",
    }


def test_resources_grow_with_the_attempt_and_the_size():
    resource = common.scaled(lambda wildcards: 100)
    assert [resource(None, attempt) for attempt in (1, 2, 3)] == [100, 200, 300]
    small, large = config(), config()
    large["voids"]["grids"]["fine"]["cells"] = 1000
    assert VoidsFiles(large).grid_mb("fine") > VoidsFiles(small).grid_mb("fine") + 4000


def test_runs_with_the_same_target_share_baselines():
    completed = config(relabelled={"teacher": "first"})
    assert common.target_name(completed, "voids", "first") == "a"
    assert common.target_name(completed, "voids", "second") == "a-0.3"
    assert common.target_name(completed, "voids", "third") == "n-v"
    assert common.original_dataset(completed, "voids", "relabelled") == "slabs"
    assert "--truth a" in common.target_options(completed, "voids", "slabs", "a-0.3")


def test_an_absent_experiment_has_no_names():
    voids = VoidsFiles({"results": "results"})
    assert voids.names("runs") == []
    assert voids.source_pattern("simulation") == "(?!)"


def test_an_unset_variable_in_a_path_is_named(monkeypatch):
    monkeypatch.delenv("COSMODAG_NOWHERE", raising=False)
    sections = ("grids", "labels", "cutouts", "datasets", "runs")
    catalogue = {"path": "$COSMODAG_NOWHERE/g.ff", "box_size": 1}
    voids = {"sources": {"s": {"catalogue": catalogue}}, **{name: {} for name in sections}}
    with pytest.raises(InputError, match=r"voids.sources.s.catalogue.path: \$COSMODAG_NOWHERE"):
        common.checked({"voids": voids})


def slices(**runs) -> dict:
    classes = {"name": "classification", "column": "redshift_class"}
    first = {"dataset": "sky", "task": classes, "model": {"name": "slicenet"}}
    return {
        "results": "results",
        "reionization": {
            "datasets": {"sky": {"cutouts": "sky"}},
            "runs": {"first": first, **{name: {**first, **run} for name, run in runs.items()}},
        },
    }


def test_target_names_contain_what_changes_the_baselines():
    noise = {"rms": 5.0, "beam": 0}
    config = slices(
        ordinal={"task": {"name": "ordinal", "columns": ["redshift_class"]}},
        noisy={"noise": noise},
        noisier={"noise": {**noise, "rms": 7.5}},
        back={"task": {"name": "reconstruction"}},
        match={"task": {"name": "matching", "columns": ["redshift_class"], "candidates": 8}},
        few={"task": {"name": "latent", "latent_dim": 8}, "transform": "arcsinh"},
        bounded={"baselines": {"sersic_fit": {"objects": 20}}},
        redrawn={"noise": noise, "baselines": {"noise_draws": 9}},
    )
    targets = {
        run: common.target_name(config, "reionization", run)
        for run in config["reionization"]["runs"]
    }
    assert targets == {
        "first": "redshift_class",
        "ordinal": "redshift_class",
        "noisy": "redshift_class-noise-5-0",
        "noisier": "redshift_class-noise-7.5-0",
        "back": "reconstruction",
        "match": "matching-redshift_class-8",
        "few": "latent-8-arcsinh",
        "bounded": "redshift_class-sersic_fit-20",
        "redrawn": "redshift_class-noise-5-0-noise_draws-9",
    }
    words = common.target_options(config, "reionization", "sky", "redshift_class-sersic_fit-20")
    assert shlex.split(words)[-2:] == ["--settings", '{"sersic_fit": {"objects": 20}}']
    words = common.target_options(config, "reionization", "sky", targets["redrawn"])
    assert shlex.split(words)[-2:] == ["--noise-draws", "9"]
    assert "--settings" not in words
    words = common.target_options(config, "reionization", "sky", "latent-8-arcsinh")
    assert shlex.split(words)[-2:] == ["--transform", "arcsinh"]
    words = common.target_options(config, "reionization", "sky", "redshift_class-noise-5-0")
    assert shlex.split(words)[-2:] == ["--noise", '{"beam": 0, "rms": 5.0}']


def test_names_of_targets_are_short_fit_for_files_and_distinct():
    columns = [f"a_column_with_a_long_name_{number}" for number in range(12)]
    config = slices(
        long={"task": {"name": "regression", "columns": columns}},
        other={"task": {"name": "regression", "columns": columns[:-1]}},
        low={"baselines": {"box_finder": {"thresholds": [-0.8, -0.85]}}},
        high={"baselines": {"box_finder": {"thresholds": [-0.8, -0.9]}}},
    )
    names = [
        common.target_name(config, "reionization", run) for run in ("long", "other", "low", "high")
    ]
    assert len(set(names)) == 4
    for name in names:
        assert re.fullmatch(r"[\w.+-]{1,89}", name)
        assert common.target_run(config, "reionization", "sky", name)


def test_a_run_behind_an_encoder_depends_on_the_code_of_both_networks():
    config = slices(
        encoder={"model": {"name": "autoencoder"}, "task": {"name": "reconstruction"}},
        behind={"model": {"name": "slicenet"}, "encoder": "encoder"},
    )
    codes = [
        common.run_fingerprint(config, "train", "reionization", run)
        for run in ("first", "encoder", "behind")
    ]
    assert len(set(codes)) == 3
    both = ("cosmodag.models.slicenet", "cosmodag.models.autoencoder")
    assert codes[2] == common.command_fingerprint("train", *both)


@pytest.mark.parametrize(
    ("resources", "prefix"),
    [
        ({}, "exec python"),
        ({"mpi": "mpiexec", "tasks": 3}, "exec mpiexec -n 3 python"),
        (
            {"mpi": "srun --mpi=pmi2", "tasks": 32},
            "exec srun --mpi=pmi2 -n 32 --cpus-per-task=8 python",
        ),
    ],
)
def test_a_profile_decides_how_ranks_start(resources, prefix):
    path = shlex.quote(str(job_start.PACKAGE_FOLDER))
    assert job_start.start_ranks(None, resources, 8) == f"PYTHONPATH={path} {prefix} -m cosmodag"


@pytest.mark.parametrize(
    ("resources", "kind"),
    [
        ({}, "cpu"),
        ({"gpu": 0}, "cpu"),
        ({"gpu": 2}, "gpu"),
        ({"gres": "gpu:v100:1"}, "gpu"),
        ({"environment": "xeonphi"}, "xeonphi"),
    ],
)
def test_the_conda_environment_follows_the_kind_of_node(resources, kind):
    assert job_start.kind_of_node(None, resources) == kind
    assert job_start.environment_file(kind).endswith(f"envs/{kind}.yaml")


def test_an_environment_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(InputError, match=r"no knl.yaml; write one of cpu, gpu, xeonphi"):
        job_start.environment_file("knl")


def test_all_files_of_a_catalogue_are_inputs(tmp_path):
    for part in (0, 1, 10):
        (tmp_path / f"snap.{part}.h5").write_bytes(bytes(1000))
    sections = ("grids", "labels", "cutouts", "datasets", "runs")
    catalogue = {"path": [str(tmp_path / "snap.*.h5"), "later.csv"]}
    sources = {"sources": {"s": {"catalogue": catalogue}}, **{name: {} for name in sections}}
    voids = VoidsFiles({"results": "results", "voids": sources})
    parts = [str(tmp_path / f"snap.{part}.h5") for part in (0, 1, 10)]
    assert voids.catalogue_files("s") == [*parts, "later.csv"]
    assert voids.catalogue_disk_mb("s") == pytest.approx(0.003)
