"""A virtual cluster with an accounting database, as most sites keep one."""

import os
import subprocess
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.cluster.daemons import wait_for
from tests.cluster.packages import require

PROGRAMS = {"slurmdbd": "slurmdbd", "mariadbd": "mariadb-server"}
ACCOUNT = "cosmology"
"""The one account that this session's user may charge."""


class AccountingCluster(Cluster):
    """A cluster with a database of accounts and jobs."""

    names = ("munged", "mariadbd", "slurmdbd", *Cluster.names[1:])

    def start_controller(self) -> None:
        """Start the database, then slurmctld."""
        require(PROGRAMS)
        if not self.daemons.pid("slurmdbd"):
            self._configure()
            self._start_database()
            self.daemons.start("slurmdbd", ["slurmdbd"])
            if not wait_for(lambda: self._manage("-n", "show", "cluster"), 30):
                raise RuntimeError(f"slurmdbd does not answer: see {self.folder}/log")
            self._manage("-i", "add", "cluster", "cosmodag")
            self._manage("-i", "add", "account", ACCOUNT)
            self._manage("-i", "add", "user", "root", f"account={ACCOUNT}")
        super().start_controller()

    def _configure(self) -> None:
        port, socket = self.port - 1, self.folder / "run" / "munge.sock"
        with open(self.folder / "slurm.conf", "a") as file:
            file.write(
                "AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\n"
                f"AccountingStoragePort={port}\nAccountingStoragePass={socket}\n"
                "AccountingStorageEnforce=associations\nAccountingStorageTRES=gres/gpu\n"
            )
        path = self.folder / "slurmdbd.conf"
        path.touch(mode=0o600)
        path.write_text(
            f"DbdHost=localhost\nDbdAddr=127.0.0.1\nDbdPort={port}\nSlurmUser=root\n"
            f"AuthType=auth/munge\nAuthInfo=socket={socket}\nStorageUser=root\n"
            "StorageType=accounting_storage/mysql\nStorageHost=localhost\n"
            f"PidFile={self.folder}/run/slurmdbd.pid\nLogFile={self.folder}/log/slurmdbd.log\n"
        )

    def _start_database(self) -> None:
        """Start MariaDB on a socket alone, which lets root in without a password."""
        data, socket = self.folder / "db", self.folder / "run" / "db.sock"
        self.daemons.environment["MYSQL_UNIX_PORT"] = str(socket)
        if not data.exists():
            words = ("--no-defaults", "--user=root", f"--datadir={data}")
            with open(self.folder / "log" / "mariadb-install.out", "w") as log:
                subprocess.run(["mariadb-install-db", *words], stdout=log, stderr=log, check=True)
        pid = self.folder / "run" / "mariadbd.pid"
        words = ["--no-defaults", "--user=root", f"--datadir={data}", "--skip-networking"]
        words += [f"--socket={socket}", f"--pid-file={pid}"]
        background = 'setsid "$@" >/dev/null 2>&1 &'
        self.daemons.start("mariadbd", ["sh", "-c", background, "sh", "mariadbd", *words])
        ping = ["mariadb-admin", "--no-defaults", f"--socket={socket}", "ping"]
        if not wait_for(lambda: subprocess.run(ping, capture_output=True).returncode == 0, 30):
            raise RuntimeError(f"the database does not answer: see {self.folder}/log")

    def _manage(self, *words: str) -> bool:
        done = subprocess.run(
            ["sacctmgr", *words], env=self.environment, capture_output=True, text=True
        )
        return done.returncode == 0


def accounting_folder() -> Path:
    """A folder beside that of the cluster without accounting."""
    folder = Cluster().folder
    return folder.with_name(f"{folder.name}-accounting-{os.getuid()}")
