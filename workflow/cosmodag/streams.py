"""Standard input, output and error, which a process may have been started without."""

import io
import os
import sys


def prepare_streams() -> None:
    """Make the standard streams usable whatever the process was started with.

    Streams that are closed, as those of some daemons, lead nowhere: no file that is opened later
    gets their descriptors, where libraries print. Characters that the encoding of a stream lacks,
    such as bytes of names of files that are no text, are printed as escapes.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
