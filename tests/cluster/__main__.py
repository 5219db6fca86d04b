"""A real Slurm on this machine: ``python -m tests.cluster up|down|status``.

``up`` installs Slurm from Debian's packages where it is missing, starts it on loopback and prints
the line by which a shell talks to it; ``down`` ends what ``up`` started, and nothing else.
"""

import sys

from tests.cluster.cluster import Cluster
from tests.cluster.packages import SlurmIsMissing, require_slurm


def main(words: list[str]) -> int:
    cluster = Cluster()
    if words == ["up"]:
        try:
            require_slurm()
        except SlurmIsMissing as reason:
            print(f"no cluster: {reason}", file=sys.stderr)
            return 1
        cluster.up()
        print(f"export SLURM_CONF={cluster.folder}/slurm.conf PATH={cluster.folder}/bin:$PATH")
    elif words == ["down"]:
        cluster.down()
    elif words == ["status"]:
        for name in cluster.names:
            print(f"{name:10} {cluster.daemons.pid(name) or '-'}")
        if cluster.daemons.pid("slurmctld"):
            print(cluster.ask("sinfo", "-N", "-o", "%8N %10P %8T %5c %8m %16f %12G %E"))
            print(cluster.ask("squeue", "-o", "%8i %10P %20k %10T %10M %R"))
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
