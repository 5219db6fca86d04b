"""Programs that run in forks of a process which has imported what they need.

Each run is a process of its own, but a start takes a few hundredths of a second instead of one for
Snakemake and up to three for commands. Run as a program, this file is such a process.
"""

import atexit
import json
import os
import runpy
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import NamedTuple

IMPORTS = {
    "snakemake": ("snakemake.cli",),
    "cosmodag": (
        "cosmodag.commands.main",
        "astropy.io.fits",
        "h5py",
        "matplotlib.figure",
        "pandas",
        "scipy.ndimage",
        "scipy.stats",
        "sklearn.ensemble",
        "torch",
    ),
}
"""Modules that are imported before the first fork, by program."""


class Done(NamedTuple):
    """The exit code of a program, and what it printed."""

    code: int
    output: str
    errors: str


def run(
    program: str,
    *words: object,
    folder: str | os.PathLike = ".",
    environment: Mapping[str, str] = os.environ,
    limit: float = 1200,
) -> Done:
    """Do what ``python -m program words`` does in a folder.

    Parameters
    ----------
    program : str
        A key of `IMPORTS`.
    *words : object
        Arguments of the program.
    folder : path-like
        Where the program runs. Its code is that of the package that pytest imports, or for
        Snakemake that of the checkout.
    environment : mapping from str to str
        Environment variables of the program.
    limit : float
        Seconds after which it counts as hung.
    """
    server = _server(program, os.getpid())
    with tempfile.NamedTemporaryFile("r") as output, tempfile.NamedTemporaryFile("r") as errors:
        files = [output.name, errors.name]
        request = [[str(w) for w in words], os.path.abspath(folder), dict(environment), files]
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        if not select.select([server.stdout], [], [], limit)[0]:
            server.kill()
            raise TimeoutError(f"{program} {words}: no end within {limit} s")
        return Done(int(server.stdout.readline()), output.read(), errors.read())


@cache
def _server(program: str, pid: int) -> subprocess.Popen:
    """Start a server for a process; it ends when the process does."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen([sys.executable, __file__, program], **pipes, text=True)
    atexit.register(_stop, server)
    return server


def _stop(server: subprocess.Popen) -> None:
    """End a server and wait for it."""
    server.stdin.close()
    server.wait()


def _serve(program: str) -> None:
    """Run each request in a fork, and answer its exit code."""
    del sys.path[0]  # the folder of this file
    for name in IMPORTS[program]:
        import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_run(program, *json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(
    program: str, words: list[str], folder: str, environment: dict[str, str], files: list[str]
) -> int:
    """Run the program in this process; return its exit code."""
    for number, path in enumerate((os.devnull, *files)):
        os.dup2(os.open(path, os.O_RDWR | os.O_APPEND), number)
    os.chdir(folder)
    inherited, own = (
        [path for path in each.get("PYTHONPATH", "").split(os.pathsep) if path]
        for each in (os.environ, environment)
    )
    sys.path = [folder, *own, *(path for path in sys.path if path not in inherited)]
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [program, *words]
    code: object = 0
    try:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    _serve(sys.argv[1])
