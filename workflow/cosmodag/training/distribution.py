"""Data-parallel training on ranks started by torchrun, srun or mpiexec.

Each rank has the whole network and trains on its part of each batch. Gradients are summed over the
ranks in one flat all-reduce per step and divided by the number of examples. The parts may therefore
differ in size, and the number of ranks does not change the result.
"""

import contextlib
import dataclasses
import datetime
import logging
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import distributed, nn

from cosmodag.errors import InputError

log = logging.getLogger(__name__)

TIMEOUT = datetime.timedelta(minutes=5)
"""Time after which a silent rank counts as lost, as when its node is disconnected."""
RANK_LOST = re.compile(r"gloo/|NCCL|Connection (closed|reset)|timed out|Broken pipe", re.IGNORECASE)
"""Messages of torch's errors about a lost rank: gloo raises plain RuntimeErrors."""


class RankLost(SystemExit):
    """Another rank of this training died; run the training again to continue."""

    def __init__(self):
        super().__init__(1)


@dataclasses.dataclass(frozen=True)
class Ranks:
    """This process among those that train together.

    Parameters
    ----------
    rank : int
        Number of this process, from 0.
    size : int
        Number of processes.
    local_rank : int
        Number of this process among those of its node.
    device : str
        ``"cpu"``, or ``"cuda"`` where ranks exchange tensors on GPUs.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this rank writes the files."""
        return self.rank == 0

    def add(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace a tensor by its sum over all ranks, and return it."""
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Wait until all ranks have called this."""
        self.add(torch.zeros(1, device=self.device))

    def share(self, content: bytes, device: torch.device) -> bytes:
        """Send bytes from the first rank to all others.

        Parameters
        ----------
        content : bytes
            The bytes on the first rank; ignored on others.
        device : torch.device
            Device of the exchanged tensors.

        Returns
        -------
        bytes
            The bytes of the first rank.
        """
        if self.size == 1:
            return content
        length = torch.tensor([len(content)], device=device)
        distributed.broadcast(length, 0)
        if not length.item():
            return b""
        if self.first:
            data = torch.frombuffer(bytearray(content), dtype=torch.uint8).to(device)
        else:
            data = torch.empty(int(length.item()), dtype=torch.uint8, device=device)
        distributed.broadcast(data, 0)
        return data.cpu().numpy().tobytes()


SINGLE = Ranks()
"""A process that trains without others."""


def add_gradients(
    parameters: Iterable[nn.Parameter], scalars: Iterable[float | torch.Tensor], ranks: Ranks
) -> list[torch.Tensor]:
    """Sum gradients and scalars over all ranks in one exchange.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        Parameters whose gradients are summed in place.
    scalars : iterable of float or torch.Tensor
        Scalars to sum.
    ranks : Ranks
        This process among those that train together.

    Returns
    -------
    list of torch.Tensor
        The sums of the scalars, float32, on the device of the parameters.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    device = gradients[0].device
    values = torch.stack([torch.as_tensor(value, device=device).float() for value in scalars])
    if ranks.size == 1:
        return list(values)
    views = [flat_view(gradient) for gradient in gradients]
    buffer = torch.cat([values, *views])
    ranks.add(buffer)
    totals, *sums = buffer.split([len(values), *map(len, views)])
    for view, total in zip(views, sums):
        view.copy_(total)
    return list(totals)


def flat_view(tensor: torch.Tensor) -> torch.Tensor:
    """Return a flat view of a dense tensor in the order of its memory.

    Gradients have the memory layout of their parameters, so the order is the same on all ranks.
    """
    return tensor.as_strided((tensor.numel(),), (1,))


def rank_device(device: str, ranks: Ranks) -> str:
    """Return the device of this rank; of several GPUs of a node, select the rank's own."""
    if device != "cuda":
        return device
    device = f"cuda:{ranks.local_rank % torch.cuda.device_count()}"
    torch.cuda.set_device(device)
    return device


@contextlib.contextmanager
def connected(device: str = "cpu") -> Iterator[Ranks]:
    """Connect the ranks that a launcher started, and disconnect them at the end.

    Parameters
    ----------
    device : str
        ``"cuda"`` connects through nccl, other devices through gloo.

    Yields
    ------
    Ranks
        This process among those that train together.

    Raises
    ------
    InputError
        If the launcher's list of nodes cannot be read.
    RankLost
        If another rank died, after an error in the log; exits with code 1.
    """
    launched = from_environment(os.environ)
    if launched is None:
        yield SINGLE
        return
    ranks, address, port = launched
    try:
        distributed.init_process_group(
            "nccl" if device.startswith("cuda") else "gloo",
            init_method=f"tcp://{address}:{port}",
            rank=ranks.rank,
            world_size=ranks.size,
            timeout=TIMEOUT,
        )
        yield dataclasses.replace(ranks, device=device)
    except RuntimeError as error:
        if not RANK_LOST.search(str(error)):
            raise
        log.error(
            "rank %d of %d: another rank was lost (%s); run again to continue from the last "
            "checkpoint",
            ranks.rank,
            ranks.size,
            str(error).splitlines()[0],
        )
        raise RankLost from error
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def from_environment(environment: Mapping[str, str]) -> tuple[Ranks, str, int] | None:
    """Return this rank and the rendezvous of all ranks, from a launcher's variables.

    Parameters
    ----------
    environment : mapping
        Variables of the environment.

    Returns
    -------
    tuple or None
        Ranks, address and port of the rendezvous; None for a single process.
    """
    if "TORCHELASTIC_RUN_ID" in environment:
        ranks = _ranks(environment, ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
        address, port = environment["MASTER_ADDR"], int(environment["MASTER_PORT"])
    elif int(environment.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
        # Only srun sets the variables of a step: a batch script of several tasks is one process.
        ranks = _ranks(environment, ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"))
        address, port = _first_address(environment), _port(environment)
    elif any(int(environment.get(k, 1)) > 1 for k in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")):
        ranks, address, port = _from_mpi()
    else:
        return None
    return (ranks, address, port) if ranks.size > 1 else None


def _ranks(environment: Mapping[str, str], names: tuple[str, str, str]) -> Ranks:
    """Return the ranks from the variables of rank, size and local rank."""
    rank, size, local_rank = (int(environment[name]) for name in names)
    return Ranks(rank, size, local_rank)


def _first_address(environment: Mapping[str, str]) -> str:
    """Return the address of the first task of a Slurm step."""
    if environment.get("SLURM_STEP_NUM_NODES") == "1":
        return "127.0.0.1"  # needs no name service
    host = first_host(environment["SLURM_STEP_NODELIST"])
    try:
        socket.gethostbyname(host)
    except OSError:
        # Slurm's name of a node may be unknown to the network; srun runs on the job's first node.
        return environment.get("SLURM_LAUNCH_NODE_IPADDR", host)
    return host


def first_host(nodes: str) -> str:
    """Return the first host of a Slurm list of nodes.

    Parameters
    ----------
    nodes : str
        List of nodes in Slurm's notation.

    Raises
    ------
    InputError
        If the text is not such a list.

    Examples
    --------
    >>> first_host("node[003-007,9],gpu1")
    'node003'
    """
    match = re.match(r"([^,\[]+)(?:\[([^,\-\]]+)[^\]]*\]([^,\[]*))?", nodes)
    if match is None:
        raise InputError(f"SLURM_STEP_NODELIST: {nodes!r} is not a list of nodes")
    return "".join(part or "" for part in match.groups())


def _port(environment: Mapping[str, str]) -> int:
    """Return a port that depends on job and step, so that steps are unlikely to share one."""
    step = int(environment.get("SLURM_STEP_ID", 0))
    return 20000 + (int(environment["SLURM_JOB_ID"]) * 31 + step) % 20000


def _from_mpi() -> tuple[Ranks, str, int]:
    """Return this rank from MPI, and a rendezvous that the first rank chooses."""
    from mpi4py import MPI

    world = MPI.COMM_WORLD
    local = world.Split_type(MPI.COMM_TYPE_SHARED)
    rendezvous = None
    if world.rank == 0:
        # Ranks of one machine use its loopback address, which needs no name service.
        address = "127.0.0.1" if local.size == world.size else socket.gethostname()
        with socket.socket() as free:
            free.bind(("", 0))
            rendezvous = address, free.getsockname()[1]
    address, port = world.bcast(rendezvous)
    return Ranks(world.rank, world.size, local.rank), address, port
