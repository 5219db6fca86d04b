"""Every kind of leak is refused, left out or reported, and independent data pass."""

import h5py
import numpy as np
import pytest

from cosmodag.datasets.shards import write_dataset
from tests.faults import leaks
from tests.faults.leaks import CLEAN, LEAKS, observe


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_leak_is_seen(leak, tmp_path):
    outcome, message = observe(leak, tmp_path)
    assert outcome == leak.outcome, message
    assert leak.message in message


@pytest.mark.parametrize("control", CLEAN, ids=lambda leak: leak.name)
def test_independent_data_pass(control, tmp_path):
    outcomes = [observe(control, tmp_path, seed)[0] for seed in range(3)]
    assert outcomes == [control.outcome] * 3


def blocks_of_regions(seed):
    """Return maps of 10 cells a side of a smooth field, nine adjoining ones to a group."""
    data = leaks.field_regions(seed, regions=15, side=10, length=2.0, noise=1.0)
    lower = np.column_stack([data.columns["lower_x"], data.columns["lower_y"]]).astype(int) // 30
    groups = [f"block-{i}-{j}" for i, j in lower]
    return data._replace(columns={**data.columns, "group": groups})


def test_a_buffer_as_wide_as_the_structures_removes_the_leak(tmp_path):
    file = leaks.write(tmp_path / "examples.h5", blocks_of_regions(2))
    write_dataset([file], tmp_path / "adjoining", buffer=0)
    assert leaks.probe(tmp_path / "adjoining", leaks.MAPS)["leaking"]
    description = write_dataset([file], tmp_path / "apart", buffer=9)
    assert 0 < description["dropped"] < 0.8 * len(lower_edges(file))
    assert not leaks.probe(tmp_path / "apart", leaks.MAPS)["leaking"]


def lower_edges(file):
    with h5py.File(file) as opened:
        return opened["index/lower_x"][:]


def test_regions_without_common_structures_raise_no_alarm(tmp_path):
    alarms = 0
    for seed in range(10):
        data = leaks.field_regions(seed, length=3.0)
        random = np.random.default_rng(seed)
        masks = [leaks.smooth(random, (40, 40), 3.0)[:20, :20] < -0.5 for _ in data.y]
        data = data._replace(y=np.asarray(masks, np.float32)[..., np.newaxis])
        file = leaks.write(tmp_path / f"{seed}.h5", data)
        write_dataset([file], tmp_path / str(seed), buffer=0, seed=seed)
        alarms += leaks.probe(tmp_path / str(seed), leaks.MAPS)["leaking"]
    assert alarms == 0
