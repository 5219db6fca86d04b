"""Our particle-mesh engine against PySCo: wall time, and spectra from the same initial conditions.

PySCo runs in a process of its own, in the Python that the variable COSMODAG_PYSCO_PYTHON names (a
virtual environment with `pysco-nbody`), or in this one where it is installed. It works in a server
that stays alive between the rounds, so that neither its start nor its compilation is timed.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import interpolate_power, matter_power_spectrum
from cosmodag.cosmology.particle_mesh import evolve
from cosmodag.gridding.fields import overdensity
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.spectra import power_spectrum
from tests.bench.harness import compare

PARTICLES, BOX, STEPS, THREADS = 128, 256.0, 10, 2
BANDS = (0.02, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
COSMOLOGY = Cosmology()


def run(results: Path) -> None:
    """Measure 128³ particles in a box of 256 Mpc/h from the same modes to z = 0, on two threads."""
    modes = linear_modes(
        matter_power_spectrum(COSMOLOGY),
        particles=PARTICLES,
        box_size=BOX,
        seed=1,
        fixed_amplitude=True,
        threads=THREADS,
    )
    notes: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder, pysco(Path(folder), modes) as peer:
        compare(
            "simulation-128",
            {"ours": lambda: ours(modes), "PySCo": peer},
            ours="ours",
            equal=lambda boxes: spectra_agree(boxes, notes),
            threads=THREADS,
            work=PARTICLES**3,
            unit="particles",
            notes=notes,
            results=results,
        )


def ours(modes: np.ndarray) -> np.ndarray:
    """Positions at z = 0 in Mpc/h, from displacements to the last step."""
    return evolve(
        *displacements(modes, box_size=BOX, threads=THREADS),
        Growth(COSMOLOGY.omega_m),
        box_size=BOX,
        mesh=PARTICLES,
        steps=STEPS,
        threads=THREADS,
    )


def spectra_agree(boxes: dict[str, np.ndarray], notes: dict[str, object]) -> bool:
    """Note every spectrum over HMcode's, band by band; ours is PySCo's within 5 % to 0.4 h/Mpc."""
    nonlinear = matter_power_spectrum(COSMOLOGY, nonlinear=True)
    ratios = {}
    for name, position in boxes.items():
        grid = assign_mass(position, np.zeros((256,) * 3, np.float32), BOX, method="tsc")
        k, power, count = power_spectrum(overdensity(grid), BOX, method="tsc")
        sums = [
            np.histogram(k, BANDS, weights=count * values)[0]
            for values in (power, interpolate_power(k, nonlinear))
        ]
        ratios[name] = np.round(sums[0] / sums[1], 3).tolist()
    notes.update(bands=list(BANDS), power_over_hmcode=ratios)
    print(f"P(k) over HMcode's up to k = {BANDS[1:]} h/Mpc: {ratios}")
    if "PySCo" not in ratios:
        return True
    quotient = np.divide(ratios["ours"], ratios["PySCo"])
    return bool(np.all(np.abs(quotient[:4] - 1) < 0.05))


@contextlib.contextmanager
def pysco(folder: Path, modes: np.ndarray) -> Iterator[Callable[[], np.ndarray] | None]:
    """A call that runs PySCo from the modes and gives positions in Mpc/h; None without PySCo."""
    python = os.environ.get("COSMODAG_PYSCO_PYTHON", sys.executable)
    found = subprocess.run([python, "-c", "import pysco"], capture_output=True)
    if found.returncode:
        yield None
        return
    settings, positions = folder / "settings.json", folder / "positions.npy"
    np.save(folder / "modes.npy", modes)
    parameters = {
        "nthreads": THREADS,
        "theory": "newton",
        "H0": 100 * COSMOLOGY.hubble,
        "Om_m": COSMOLOGY.omega_m,
        "T_cmb": 2.726,
        "N_eff": 3.044,
        "w0": -1.0,
        "wa": 0.0,
        "boxlen": BOX,
        "ncoarse": int(np.log2(PARTICLES)),
        "npart": PARTICLES**3,
        "z_start": 49,
        "seed": 1,
        "position_ICS": "center",
        "fixed_ICS": False,
        "paired_ICS": False,
        "dealiased_ICS": False,
        "power_spectrum_file": "",
        "initial_conditions": "2LPT",
        "base": str(folder),
        "z_out": "[0]",
        "output_snapshot_format": "HDF5",
        "save_power_spectrum": "no",
        "integrator": "leapfrog",
        "n_reorder": 50,
        "mass_scheme": "TSC",
        "Courant_factor": 1.0,
        "max_aexp_stepping": 10,
        "linear_newton_solver": "fft",
        "gradient_stencil_order": 5,
        "Npre": 2,
        "Npost": 1,
        "epsrel": 1e-2,
        "verbose": 0,
    }
    settings.write_text(json.dumps(parameters))
    script = Path(__file__).with_name("pysco_process.py")
    server = subprocess.Popen(
        [python, str(script), str(settings), str(folder / "modes.npy"), str(positions)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def simulate() -> np.ndarray:
        server.stdin.write("run\n")
        server.stdin.flush()
        for line in server.stdout:
            if line.strip() == "done":
                break
        else:
            raise RuntimeError("PySCo's process ended")
        return np.float32(BOX) * np.load(positions, allow_pickle=False)

    try:
        yield simulate
    finally:
        server.stdin.close()
        server.wait()
