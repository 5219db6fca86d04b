"""Coverage-guided fuzzing of the readers of users' files for a limited time.

Run it as ``python -m tests.faults.fuzz READER SECONDS FOLDER``, where READER is a name in
`tests.faults.readers.READERS`. It needs the package atheris. Inputs that raise anything but
`InputError`, or take longer than `LIMIT`, are written to FOLDER, one per place in the code.
"""

import hashlib
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import atheris

from cosmodag.errors import InputError
from tests.faults.readers import READERS, valid

LIMIT = 10
"""Seconds after which an input counts as a hang."""


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Fuzz a reader; print what was found."""
    reader, found, start = READERS[name], {}, time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="fuzz"))
    path, seeds = place / reader.name, place / "seeds"
    seeds.mkdir()
    with atheris.instrument_imports(include=["cosmodag", "yaml"]):
        (seeds / "valid").write_bytes(valid(name))
        path.write_bytes(valid(name))
        reader.read(path)  # imports the modules
    n_inputs = 0

    def hang(*_: object) -> None:
        raise TimeoutError(f"longer than {LIMIT} s")

    signal.signal(signal.SIGALRM, hang)

    def test(content: bytes) -> None:
        nonlocal n_inputs
        n_inputs += 1
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        signal.alarm(LIMIT)
        try:
            reader.read(path)
        except InputError:
            pass
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno}"
            if key not in found:
                found[key] = str(error)[:200]
                digest = hashlib.sha256(content).hexdigest()[:12]
                (folder / f"{digest}-{reader.name}").write_bytes(content)
                print(f"{name}: {key}: {found[key]} ({digest})", flush=True)
        finally:
            signal.alarm(0)
        if time.monotonic() - start > seconds:
            print(f"{name}: {n_inputs} inputs in {seconds} s, {len(found)} findings", flush=True)
            os._exit(0)

    atheris.Setup(
        [
            sys.argv[0],
            str(seeds),
            f"-max_total_time={seconds + 5}",
            "-max_len=40000",
            "-verbosity=0",
            f"-artifact_prefix={folder}/",
        ],
        test,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
