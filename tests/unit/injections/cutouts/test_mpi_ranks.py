"""Work dealt to ranks."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.cutouts.mpi_ranks import LAUNCHED, STEP_TASKS, Alone, deal, ranks


def without_launcher(monkeypatch):
    for name in (*LAUNCHED, STEP_TASKS):
        monkeypatch.delenv(name, raising=False)


def test_every_piece_is_dealt_once_and_shares_are_even():
    costs = np.random.default_rng(1).pareto(2, 300) + 0.1
    shares = deal(costs, 7)
    assert sorted(piece for share in shares for piece in share) == list(range(300))
    loads = [costs[share].sum() for share in shares]
    assert max(loads) <= 4 / 3 * max(costs.sum() / 7, costs.max())


def test_a_dear_piece_is_not_dealt_by_count():
    assert deal([1, 1, 1, 9, 1], 2) == [[3], [0, 1, 2, 4]]


def test_more_ranks_than_pieces_leave_some_idle():
    assert sorted(map(len, deal([1, 2], 4))) == [0, 0, 1, 1]


def test_a_process_that_no_launcher_started_is_alone(monkeypatch):
    without_launcher(monkeypatch)
    world = ranks()
    assert isinstance(world, Alone)
    assert (world.rank, world.size, world.gather("x")) == (0, 1, ["x"])


def test_ranks_that_mpi_does_not_connect_are_refused(monkeypatch):
    pytest.importorskip("mpi4py")
    without_launcher(monkeypatch)
    monkeypatch.setenv(STEP_TASKS, "4")
    with pytest.raises(InputError, match="SLURM_STEP_NUM_TASKS=4, but MPI connects just one rank"):
        ranks()
