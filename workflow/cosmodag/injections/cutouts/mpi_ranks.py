"""Ranks that share work: those of an MPI job, or one alone where there is none."""

import os
import traceback
from collections.abc import Sequence

from cosmodag.errors import InputError

LAUNCHED = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
"""Variables that mpiexec and srun set for the ranks they start."""
STEP_TASKS = "SLURM_STEP_NUM_TASKS"
"""Variable in which srun says how many ranks it started, with MPI or without."""


class Alone:
    """The one rank of a process that no launcher started; needs no MPI."""

    rank, size = 0, 1

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return None

    def gather(self, value) -> list:
        """Return the values of all ranks."""
        return [value]

    def share(self, value):
        """Return rank 0's value."""
        return value


class Ranks:
    """The ranks of an MPI job, as a context.

    What a rank cannot recover from ends all, since the others would wait for it for ever; an
    `InputError` must be raised by all ranks alike.
    """

    def __init__(self):
        from mpi4py import MPI

        self._world = MPI.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and not issubclass(kind, InputError):
            traceback.print_exception(kind, error, trace)
            self._world.Abort(1)

    def gather(self, value) -> list:
        """Return the values of all ranks; all wait here for each other."""
        return self._world.allgather(value)

    def share(self, value):
        """Return rank 0's value; all ranks wait here for it."""
        return self._world.bcast(value, root=0)


def ranks() -> Alone | Ranks:
    """Return the ranks that this process is one of.

    Raises
    ------
    InputError
        If srun started several ranks that MPI does not connect: each would do all the work.
    """
    started = int(os.environ.get(STEP_TASKS, 1))
    world = Ranks() if started > 1 or any(name in os.environ for name in LAUNCHED) else Alone()
    if started > 1 and world.size == 1:
        raise InputError(
            f"{STEP_TASKS}={started}, but MPI connects just one rank: start ranks with "
            "`srun --mpi=pmi2`, or whatever `srun --mpi=list` offers"
        )
    return world


def deal(costs: Sequence[float], size: int) -> list[list[int]]:
    """Deal pieces of work to ranks by their cost, dearest first, each to who has least to do.

    Parameters
    ----------
    costs : sequence of float
        Of each piece, in any unit.
    size : int
        Number of ranks.

    Returns
    -------
    list of list of int
        The pieces of each rank. The longest share is at most 4/3 of the shortest possible (Graham
        1969, SIAM J. Appl. Math. 17, 416).
    """
    shares: list[list[int]] = [[] for _ in range(size)]
    loads = [0.0] * size
    for piece in sorted(range(len(costs)), key=lambda piece: (-costs[piece], piece)):
        least = loads.index(min(loads))
        shares[least].append(piece)
        loads[least] += costs[piece]
    return shares
