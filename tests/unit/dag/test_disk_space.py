"""Estimates of the size of outputs are right within a factor of two; free space is checked."""

import shutil
from types import SimpleNamespace

import pytest

from cosmodag import experiments
from cosmodag.dag import controller
from cosmodag.dag.config_files import complete_config
from cosmodag.errors import InputError
from cosmodag.yaml_files import YamlFile

MEASURED = {
    "voids": {
        ("simulate_disk_mb", "boxes"): 94.5,
        ("grid_disk_mb", "boxes"): 1025.0,
        ("label_disk_mb", "boxes"): 1.8,
        ("cutouts_disk_mb", "slabs"): 297.8,
        ("cutouts_disk_mb", "windows"): 298.6,
        ("cutouts_disk_mb", "overlapping"): 6.0,
        ("dataset_disk_mb", "slabs"): 297.8,
        ("dataset_disk_mb", "original"): 6.0,
    },
    "galaxies": {
        ("simulate_disk_mb", "sky"): 386.7,
        ("cutouts_disk_mb", "plain"): 295.7,
        ("cutouts_disk_mb", "told"): 394.0,
        ("dataset_disk_mb", "told"): 394.0,
    },
    "injections": {
        ("simulate_disk_mb", "sky"): 603.0,
        ("simulate_disk_mb", "faults"): 155.3,
        ("cutouts_disk_mb", "model"): 185.7,
        ("cutouts_disk_mb", "ivar"): 74.9,
        ("dataset_disk_mb", "model"): 184.7,
    },
    "reionization": {
        ("initial_disk_mb", "boxes"): 136.3,
        ("simulate_disk_mb", "boxes"): 218.1,
        ("cutouts_disk_mb", "observed"): 96.2,
        ("cutouts_disk_mb", "matter"): 57.2,
        ("dataset_disk_mb", "observed"): 94.8,
    },
}
"""Sizes of a run of the default configuration in MB: all batches of an entry, or a redshift."""
COUNTS = ("realizations", "galaxies", "bricks")
"""Keys of a simulation whose value is the number of objects that batches divide."""


@pytest.fixture(scope="module")
def files(repository) -> dict:
    """Files of all experiments of the default configuration, each source in one batch."""
    path = repository / "config" / "config.yaml"
    config = complete_config(YamlFile(path).data, [path])
    for declared in experiments.declared():
        for source in config[declared.name]["sources"].values():
            simulation = source["simulation"]
            (simulation["batch"],) = (simulation[key] for key in COUNTS if key in simulation)
    return {declared.name: declared.files(config) for declared in experiments.declared()}


@pytest.mark.parametrize("experiment", MEASURED)
def test_estimates_are_right_within_a_factor_of_two(files, experiment):
    for (function, name), measured in MEASURED[experiment].items():
        estimate = getattr(files[experiment], function)(name)
        assert measured / 2 < estimate < 2 * measured, (function, name, estimate)


def job(disk_mb: float, *outputs: str) -> SimpleNamespace:
    rule = SimpleNamespace(name="voids_grid")
    return SimpleNamespace(rule=rule, resources={"disk_mb": disk_mb}, output=list(outputs))


def test_a_run_that_does_not_fit_is_refused(tmp_path, capsys):
    free = int(shutil.disk_usage(tmp_path).free / 1e6)
    controller.check_space([job(free // 3), job(free // 3)], str(tmp_path))
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match=r"MB of free space, .* most of it for voids_grid"):
        controller.check_space([job(2 * free), job(2 * free)], str(tmp_path))


def test_a_run_that_may_not_fit_is_warned_of(tmp_path, capsys):
    free = int(shutil.disk_usage(tmp_path).free / 1e6)
    controller.check_space([job(1.5 * free)], str(tmp_path))
    assert capsys.readouterr().err.startswith("Warning: config key results: ")


def test_outputs_that_are_replaced_count_as_free(tmp_path, monkeypatch, capsys):
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "xtrain_1.npy").write_bytes(bytes(20_000_000))
    controller.check_space([job(25, str(tmp_path / "dataset"))], str(tmp_path))
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError):
        controller.check_space([job(25)], str(tmp_path))
