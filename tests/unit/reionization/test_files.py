"""Files, options and resources of the reionization experiment follow from the configuration."""

import pytest

from cosmodag import settings
from cosmodag.reionization.files import ReionizationFiles


@pytest.fixture
def config() -> dict:
    simulation = {
        "realizations": 7,
        "batch": 3,
        "redshifts": [9, 7.25],
        "escape_fractions": [0.1],
        "seed": 4,
    }
    return settings.complete(
        {
            "reionization": {
                "sources": {
                    "boxes": {"simulation": simulation},
                    "published": {"folder": {"path": "cubes", "redshifts": [6.5]}},
                },
                "cutouts": {
                    "all": {"source": "boxes"},
                    "late": {"source": "boxes", "redshifts": [7.25], "realizations": 4},
                    "real": {"source": "published", "realizations": 1},
                },
                "datasets": {"all": {"cutouts": "all"}, "late": {"cutouts": "late"}},
                "runs": {},
            }
        }
    )


def test_there_is_one_cubes_file_per_redshift(config):
    folder = "results/reionization/sources/boxes/2"
    assert ReionizationFiles(config).cubes("all", "2") == [f"{folder}/z7.25.h5", f"{folder}/z9.h5"]
    assert ReionizationFiles(config).cubes("late", "2") == [f"{folder}/z7.25.h5"]


def test_there_is_one_cubes_file_per_draw_of_the_redshift(config):
    simulation = config["reionization"]["sources"]["boxes"]["simulation"]
    del simulation["redshifts"], simulation["escape_fractions"]
    simulation |= {"redshift": [7, 9], "draws": 2, "escape_fraction": [0.05, 0.2]}
    reionization = ReionizationFiles(config)
    folder = "results/reionization/sources/boxes/2"
    assert reionization.cubes("all", "2") == [f"{folder}/draw0.h5", f"{folder}/draw1.h5"]
    assert reionization.snapshot_options("boxes", "draw1") == "--redshift '[7, 9]' --draw 1"
    assert reionization.snapshot_options("boxes", "z7.25") == "--redshift 7.25"
    assert "--escape-fraction '[0.05, 0.2]'" in reionization.settings("boxes")
    assert "--redshift" not in reionization.settings("boxes")
    assert reionization.simulate_disk_mb("boxes") > 0


def test_batches_contain_each_realization_once(config):
    reionization = ReionizationFiles(config)
    indices = []
    for batch in reionization.batches("boxes"):
        _, first, _, count = reionization.batch_options("boxes", batch).split()
        indices += range(int(first), int(first) + int(count))
    assert indices == list(range(7))


def test_the_number_of_realizations_to_cut_can_be_limited(config):
    reionization = ReionizationFiles(config)
    assert reionization.realizations_option("all", 2) == ""
    assert [reionization.realizations_option("late", batch) for batch in (0, 1)] == [
        "",
        "--realizations 1",
    ]
    assert reionization.realizations_option("real", 0) == ""
    assert len(reionization.examples("all")) == 3
    assert len(reionization.examples("late")) == 2


def test_options_of_initial_conditions_do_not_depend_on_redshift(config):
    reionization = ReionizationFiles(config)
    initial = reionization.settings("boxes", "initial")
    assert "--seed 4" in initial
    assert "--engine excursion_set" in initial
    assert not any(key in initial for key in ("redshift", "escape", "star", "turnover"))


def test_options_of_cubes_do_not_depend_on_redshifts_and_realizations(config):
    options = ReionizationFiles(config).settings("boxes")
    assert "--escape-fractions '[0.1]'" in options
    assert not any(key in options for key in ("redshift", "realizations", "batch", "seed"))


def test_larger_cubes_need_more_memory_and_time(config):
    reionization = ReionizationFiles(config)
    before = reionization.simulate_mb("boxes"), reionization.simulate_minutes("boxes")
    config["reionization"]["sources"]["boxes"]["simulation"]["cells"] = 200
    after = reionization.simulate_mb("boxes"), reionization.simulate_minutes("boxes")
    assert after[0] > before[0] + 4000
    assert after[1] > before[1] + 2


def test_an_experiment_without_configuration_has_no_names():
    reionization = ReionizationFiles({"results": "results"})
    assert reionization.names("runs") == []
    assert reionization.source_pattern("folder") == "(?!)"


def test_environment_variables_of_a_folder_are_expanded(config, monkeypatch):
    monkeypatch.setenv("COSMODAG_CUBES", "/somewhere")
    config["reionization"]["sources"]["published"]["folder"]["path"] = "$COSMODAG_CUBES/cubes"
    config["reionization"]["sources"]["published"]["folder"]["table"] = {"path": "cubes.csv"}
    expected = {"folder": "/somewhere/cubes", "table": "cubes.csv"}
    assert ReionizationFiles(config).read_inputs("published") == expected


def test_a_dataset_can_be_tested_on_other_cutouts(config):
    config["reionization"]["datasets"]["elsewhere"] = {"cutouts": "all", "test": "real"}
    reionization = ReionizationFiles(config)
    files = reionization.split_inputs("elsewhere")
    assert files == {
        "examples": reionization.examples("all"),
        "test": reionization.examples("real"),
    }
    assert "test" not in reionization.split_inputs("all")
