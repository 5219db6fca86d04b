"""Communication between the ranks of an MPI job, and the distribution of work among them."""

import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol

from cosmodag import failures
from cosmodag.errors import InputError

LAUNCHER_VARIABLES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
"""Environment variables that mpiexec and srun set for the ranks they start."""
STEP_TASKS = "SLURM_STEP_NUM_TASKS"
"""Environment variable for the number of ranks that srun started, with or without MPI."""


class Communicator(Protocol):
    """The ranks that share the work, as a context.

    Attributes
    ----------
    rank : int
        Index of this process.
    size : int
        Number of ranks.
    """

    rank: int
    size: int

    def __enter__(self) -> "Communicator": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def allgather(self, value: Any) -> list:
        """Return the values of all ranks, ordered by rank."""
        ...

    def broadcast(self, value: Any) -> Any:
        """Return the value of rank 0."""
        ...


class SerialCommunicator:
    """Communicator of a single process without MPI; see `Communicator`."""

    rank, size = 0, 1

    def __enter__(self) -> "SerialCommunicator":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def allgather(self, value: Any) -> list:
        """Return the values of all ranks."""
        return [value]

    def broadcast(self, value: Any) -> Any:
        """Return the value of rank 0."""
        return value


class MpiCommunicator:
    """Communicator of all ranks of an MPI job; see `Communicator`.

    An error on one rank aborts all, which would otherwise wait for it forever. An `InputError` is
    an exception: all ranks must raise it together.
    """

    def __init__(self) -> None:
        from mpi4py import MPI

        self._world = MPI.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def __enter__(self) -> "MpiCommunicator":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, InputError):
            print(failures.describe(error, f"rank {self.rank}"), file=sys.stderr, flush=True)
            self._world.Abort(1)

    def allgather(self, value: Any) -> list:
        """Return the values of all ranks; every rank waits for all others."""
        return self._world.allgather(value)

    def broadcast(self, value: Any) -> Any:
        """Return the value of rank 0; every rank waits for it."""
        return self._world.bcast(value, root=0)


def connect() -> Communicator:
    """Return the communicator of this process.

    Returns
    -------
    Communicator
        With MPI if a launcher started this process, serial otherwise.

    Raises
    ------
    InputError
        If srun started several ranks that MPI does not connect; each would do all the work.
    """
    started = int(os.environ.get(STEP_TASKS, 1))
    launched = started > 1 or any(name in os.environ for name in LAUNCHER_VARIABLES)
    communicator = MpiCommunicator() if launched else SerialCommunicator()
    if started > 1 and communicator.size == 1:
        raise InputError(
            f"{STEP_TASKS}={started}, but MPI connects just one rank: start ranks with "
            "`srun --mpi=pmi2`, or another option that `srun --mpi=list` shows; MPICH with UCX "
            "also needs MPIR_CVAR_CH4_NETMOD=ofi in their environment"
        )
    return communicator


def balance(costs: Sequence[float], n_ranks: int) -> list[list[int]]:
    """Distribute work among ranks: in order of decreasing cost, each unit to the least loaded rank.

    Parameters
    ----------
    costs : sequence of float
        Cost of each unit of work, in any unit.
    n_ranks : int
        Number of ranks.

    Returns
    -------
    list of list of int
        Indices of the units of each rank. The largest load is at most 4/3 of the optimum [1]_.

    References
    ----------
    .. [1] Graham 1969, SIAM J. Appl. Math. 17, 416.

    Examples
    --------
    >>> balance([1, 1, 1, 9, 1], 2)
    [[3], [0, 1, 2, 4]]
    """
    units: list[list[int]] = [[] for _ in range(n_ranks)]
    loads = [0.0] * n_ranks
    for unit in sorted(range(len(costs)), key=lambda unit: (-costs[unit], unit)):
        rank = loads.index(min(loads))
        units[rank].append(unit)
        loads[rank] += costs[unit]
    return units
