"""Several ranks, whoever started them: torchrun, srun or mpiexec.

Every rank holds the whole network and trains on its part of each batch. Gradients are added up over
the ranks in one flat all-reduce a step and divided by the number of examples, so that the parts may
differ in size and the number of ranks does not change what is computed.
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

PATIENCE = datetime.timedelta(minutes=5)
"""How long ranks wait for one that says nothing, as when its node is cut off."""
LOST = re.compile(r"gloo/|NCCL|Connection (closed|reset)|timed out|Broken pipe", re.IGNORECASE)
"""What torch says when a rank is gone: gloo raises plain RuntimeErrors."""


class RankLost(SystemExit):
    """A rank that trains with this one died; run the training again to continue."""

    def __init__(self):
        super().__init__(1)


@dataclasses.dataclass(frozen=True)
class Ranks:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes files."""
        return self.rank == 0

    def add(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace `tensor` by its sum over all ranks."""
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Return once all ranks have called this."""
        self.add(torch.zeros(1, device=self.device))

    def share(self, content: bytes, device: torch.device) -> bytes:
        """Return the bytes that the first rank gave."""
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


ALONE = Ranks()


def add_gradients(
    parameters: Iterable[nn.Parameter], sums: Iterable[float | torch.Tensor], ranks: Ranks
) -> list[torch.Tensor]:
    """Add up the gradients of `parameters`, in place, and the numbers `sums` over all ranks.

    Returns
    -------
    list of tensor
        The summed numbers, on the parameters' device.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    device = gradients[0].device
    sums = torch.stack([torch.as_tensor(value, device=device).float() for value in sums])
    if ranks.size == 1:
        return list(sums)
    values = [in_order_of_memory(gradient) for gradient in gradients]
    flat = torch.cat([sums, *values])
    ranks.add(flat)
    totals, *parts = flat.split([len(sums), *map(len, values)])
    for value, part in zip(values, parts):
        value.copy_(part)
    return list(totals)


def in_order_of_memory(tensor: torch.Tensor) -> torch.Tensor:
    """Return a flat view of a dense tensor, whatever the order of its axes in memory.

    Gradients lie in memory as their parameters do, so the order is the same on all ranks.
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
    """Join the ranks that a launcher started, and leave them at the end.

    Parameters
    ----------
    device
        ``"cuda"`` connects through nccl, anything else through gloo.

    Yields
    ------
    Ranks
        This process among them; alone where no launcher is at work.

    Raises
    ------
    InputError
        If a launcher is at work but does not say where the ranks meet.
    RankLost
        If another rank died, after a line in the log; exits with code 1.
    """
    found = from_environment(os.environ)
    if found is None:
        yield ALONE
        return
    ranks, address, port = found
    try:
        distributed.init_process_group(
            "nccl" if device.startswith("cuda") else "gloo",
            init_method=f"tcp://{address}:{port}",
            rank=ranks.rank,
            world_size=ranks.size,
            timeout=PATIENCE,
        )
        yield dataclasses.replace(ranks, device=device)
    except RuntimeError as error:
        if not LOST.search(str(error)):
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
    """Return this rank, and the address and port where all meet; None for a single process."""
    if "TORCHELASTIC_RUN_ID" in environment:
        ranks = Ranks(*(int(environment[k]) for k in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
        meeting = environment["MASTER_ADDR"], int(environment["MASTER_PORT"])
    elif int(environment.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
        # Only srun sets the variables of a step: a batch script of several tasks is one process.
        names = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID")
        ranks = Ranks(*(int(environment[name]) for name in names))
        meeting = _first_address(environment), _port(environment)
    elif any(int(environment.get(k, 1)) > 1 for k in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")):
        ranks, *meeting = _from_mpi()
    else:
        return None
    return (ranks, *meeting) if ranks.size > 1 else None


def _first_address(environment: Mapping[str, str]) -> str:
    """Return where the first task of a step listens."""
    if environment.get("SLURM_STEP_NUM_NODES") == "1":
        return "127.0.0.1"  # needs no name service
    host = first_host(environment["SLURM_STEP_NODELIST"])
    try:
        socket.gethostbyname(host)
    except OSError:
        # A node's name in Slurm need not be one of the network; srun runs on the job's first node.
        return environment.get("SLURM_LAUNCH_NODE_IPADDR", host)
    return host


def first_host(nodes: str) -> str:
    """Return the first host of a Slurm list of nodes, such as ``"node[003-007,9],gpu1"``."""
    match = re.match(r"([^,\[]+)(?:\[([^,\-\]]+)[^\]]*\]([^,\[]*))?", nodes)
    if match is None:
        raise InputError(f"SLURM_STEP_NODELIST: {nodes!r} is not a list of nodes")
    return "".join(part or "" for part in match.groups())


def _port(environment: Mapping[str, str]) -> int:
    """Return a port that all tasks of a step agree on and that other steps are unlikely to use."""
    step = int(environment.get("SLURM_STEP_ID", 0))
    return 20000 + (int(environment["SLURM_JOB_ID"]) * 31 + step) % 20000


def _from_mpi() -> tuple[Ranks, str, int]:
    """Ask MPI for this rank, and let the first rank choose where all meet."""
    from mpi4py import MPI

    world = MPI.COMM_WORLD
    local = world.Split_type(MPI.COMM_TYPE_SHARED)
    meeting = None
    if world.rank == 0:
        # Ranks of one machine meet on its loopback, which needs no name service.
        address = "127.0.0.1" if local.size == world.size else socket.gethostname()
        with socket.socket() as free:
            free.bind(("", 0))
            meeting = address, free.getsockname()[1]
    address, port = world.bcast(meeting)
    return Ranks(world.rank, world.size, local.rank), address, port
