"""Communication between ranks and distribution of work."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.cutouts.communicator import (
    LAUNCHER_VARIABLES,
    STEP_TASKS,
    SerialCommunicator,
    balance,
    connect,
)


def unset_launcher_variables(monkeypatch):
    for name in (*LAUNCHER_VARIABLES, STEP_TASKS):
        monkeypatch.delenv(name, raising=False)


def test_every_unit_has_one_rank_and_loads_are_balanced():
    costs = np.random.default_rng(1).pareto(2, 300) + 0.1
    units = balance(costs, 7)
    assert sorted(unit for of_rank in units for unit in of_rank) == list(range(300))
    loads = [costs[of_rank].sum() for of_rank in units]
    assert max(loads) <= 4 / 3 * max(costs.sum() / 7, costs.max())


def test_work_is_balanced_by_cost_rather_than_count():
    assert balance([1, 1, 1, 9, 1], 2) == [[3], [0, 1, 2, 4]]


def test_surplus_ranks_are_idle():
    assert sorted(map(len, balance([1, 2], 4))) == [0, 0, 1, 1]


def test_process_without_launcher_is_serial(monkeypatch):
    unset_launcher_variables(monkeypatch)
    ranks = connect()
    assert isinstance(ranks, SerialCommunicator)
    assert (ranks.rank, ranks.size, ranks.allgather("x")) == (0, 1, ["x"])


def test_unconnected_ranks_are_refused(monkeypatch):
    pytest.importorskip("mpi4py")
    unset_launcher_variables(monkeypatch)
    monkeypatch.setenv(STEP_TASKS, "4")
    message = "SLURM_STEP_NUM_TASKS=4, but MPI connects just one rank: .*MPIR_CVAR_CH4_NETMOD=ofi"
    with pytest.raises(InputError, match=message):
        connect()
