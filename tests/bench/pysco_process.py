"""PySCo's half of the simulation benchmark, in a process of its own.

PySCo puts top-level modules such as `utils` and `solver` on the import path, so it must not share
a process with other packages. Usage: python pysco_process.py SETTINGS.json MODES.npy POSITIONS.npy,
with PySCo's parameters, the Fourier modes of the linear density and where to write the positions,
in units of the box. Each line on standard input runs a simulation; "done" is printed after it.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pysco  # it puts PySCo's own modules on the path, for the lines that follow

import initial_conditions  # isort: skip
import iostream  # isort: skip


def main(settings: str, modes: str, positions: str) -> None:
    """Simulate once for each line on standard input."""
    parameters = json.loads(Path(settings).read_text())
    density = np.load(modes, allow_pickle=False)

    def keep(position, velocity, parameters) -> None:
        np.save(positions, position)

    initial_conditions.generate_density_fourier = lambda parameters: density.copy()
    iostream.write_snapshot_particles = keep
    for _ in sys.stdin:
        pysco.run(dict(parameters))
        print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
