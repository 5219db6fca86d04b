"""The virtual cluster: nodes that exist for Slurm alone, on the partitions of the shipped profile.

A node may claim more CPUs, memory and GPUs than the machine has (`config_overrides`). Without
control groups CPUs are not enforced; memory is, by looks each second. A GPU is a link to
/dev/null.
"""

import socket
from pathlib import Path
from typing import NamedTuple


class Node(NamedTuple):
    """One virtual node.

    Attributes
    ----------
    cores, threads
        Cores, and hardware threads of each.
    memory
        In MB.
    """

    name: str
    partition: str
    features: str
    cores: int
    threads: int
    memory: int
    gpus: int = 0


NODES = (
    Node("cpu01", "regular", "haswell", 32, 2, 128000),
    Node("cpu02", "regular", "haswell", 32, 2, 128000),
    Node("knl01", "knl", "knl,quad,cache", 68, 4, 96000),
    Node("knl02", "knl", "knl,quad,cache", 68, 4, 96000),
    Node("gpu01", "gpu", "gpu", 32, 2, 256000, gpus=4),
    Node("gpu02", "gpu", "gpu", 32, 2, 256000, gpus=4),
)

SETTINGS = {
    "ClusterName": "cosmodag",
    "SlurmUser": "root",
    "SlurmdUser": "root",
    "AuthType": "auth/munge",
    "SlurmdParameters": "config_overrides",
    "PropagateResourceLimits": "NONE",  # the session's limits are not the nodes'
    "ProctrackType": "proctrack/linuxproc",  # without control groups
    "TaskPlugin": "task/none",
    "JobAcctGatherType": "jobacct_gather/linux",
    "JobAcctGatherFrequency": "task=1",  # seconds between looks at a job's memory
    "JobAcctGatherParams": "OverMemoryKill",  # and what the kernel would do to one that takes more
    "SelectType": "select/cons_tres",
    "SelectTypeParameters": "CR_Core_Memory",
    "GresTypes": "gpu",
    "MpiDefault": "none",  # srun's own support would break MPI programs that it does not start
    "MinJobAge": "86400",  # seconds for which squeue shows a finished job
    "KillWait": "5",  # seconds between SIGTERM and SIGKILL
    "SlurmdTimeout": "10",  # seconds after which a silent node counts as down
    "ReturnToService": "2",  # such a node comes back by itself
    "SchedulerParameters": "sched_interval=2,batch_sched_delay=0",
}


def write_configuration(folder: Path, port: int) -> None:
    """Write slurm.conf and gres.conf for a cluster that lives in a folder.

    Parameters
    ----------
    folder
        Of everything that belongs to the cluster.
    port
        The first of as many ports as there are nodes, and one more.
    """
    settings = SETTINGS | {
        "SlurmctldHost": "localhost(127.0.0.1)",
        "SlurmctldPort": port,
        "AuthInfo": f"socket={folder}/run/munge.sock",
        "SlurmctldPidFile": f"{folder}/run/slurmctld.pid",
        "SlurmctldLogFile": f"{folder}/log/slurmctld.log",
        "SlurmdPidFile": f"{folder}/run/%n.pid",
        "SlurmdLogFile": f"{folder}/log/%n.log",
        "StateSaveLocation": f"{folder}/state",
        "SlurmdSpoolDir": f"{folder}/spool/%n",
        "TmpFS": f"{folder}/spool/%n",
    }
    if socket.gethostbyname(socket.gethostname()).startswith("127."):
        settings["CommunicationParameters"] = "NoInAddrAny,NoCtldInAddrAny"  # loopback alone
    lines = [f"{key}={value}" for key, value in settings.items()]
    generic = ["AutoDetect=off"]
    for number, node in enumerate(NODES, start=1):
        lines.append(_node_line(node, port + number))
        (folder / "spool" / node.name).mkdir(parents=True, exist_ok=True)
        if node.gpus:
            for gpu in range(node.gpus):
                (folder / "run" / f"gpu{gpu}").unlink(missing_ok=True)
                (folder / "run" / f"gpu{gpu}").symlink_to("/dev/null")
            files = f"{folder}/run/gpu[0-{node.gpus - 1}]"
            generic.append(f"NodeName={node.name} Name=gpu Type=fake File={files}")
    for partition in dict.fromkeys(node.partition for node in NODES):
        names = ",".join(node.name for node in NODES if node.partition == partition)
        default = "YES" if partition == NODES[0].partition else "NO"
        lines.append(f"PartitionName={partition} Nodes={names} MaxTime=2880 Default={default}")
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")
    (folder / "gres.conf").write_text("\n".join(generic) + "\n")


def _node_line(node: Node, port: int) -> str:
    parts = {
        "NodeName": node.name,
        "NodeHostname": "localhost",
        "NodeAddr": "127.0.0.1",
        "Port": port,
        "Sockets": 1,
        "CoresPerSocket": node.cores,
        "ThreadsPerCore": node.threads,
        "RealMemory": node.memory,
        "Features": node.features,
    }
    if node.gpus:
        parts["Gres"] = f"gpu:fake:{node.gpus}"
    return " ".join(f"{key}={value}" for key, value in parts.items())
