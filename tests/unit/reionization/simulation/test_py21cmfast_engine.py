"""The built-in simulator agrees with 21cmFAST for the same linear density.

The simulators differ in the evolution of matter and in the matter power spectrum: 21cmFAST uses a
fit, for which haloes contain 5 % less matter. 21cmFAST neither conserves photons nor is run with
recombinations, which nearly cancel.
"""

import h5py
import numpy as np
import pytest
import scipy.fft

from cosmodag.errors import InputError
from cosmodag.gridding.spectra import power_spectrum
from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.simulation import py21cmfast_engine
from cosmodag.reionization.simulation.coeval_cubes import draw_initial_conditions, simulate_cubes
from cosmodag.reionization.simulation.engine import SimulationBox
from tests.checksummed import hdf5_file

needs_21cmfast = pytest.mark.skipif(
    not py21cmfast_engine.is_installed(),
    reason="21cmFAST is not installed: `make 21cmfast` does it",
)
BOX = 128.0
ESCAPES = (0.07, 0.1)
REDSHIFTS = (8.0, 9.0)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Cubes files by engine and redshift, from the same initial density."""
    folder = tmp_path_factory.mktemp("engines")
    initial = {engine: folder / f"{engine}.h5" for engine in ("21cmfast", "excursion_set")}
    box = SimulationBox(BOX, cells=64, particles=128)
    draw_initial_conditions(
        initial["21cmfast"], box, realizations=[0], engine="21cmfast", seed=3, threads=2
    )
    with (
        h5py.File(initial["21cmfast"]) as theirs,
        hdf5_file(initial["excursion_set"], "w") as ours,
    ):
        ours.attrs.update(theirs.attrs)
        ours.attrs["engine"] = "excursion_set"
        ours["s3-0000/modes"] = scipy.fft.rfftn(theirs["s3-0000/hires_density"][:])
    files = {}
    for engine, path in initial.items():
        for redshift in REDSHIFTS:
            files[engine, redshift] = folder / f"{engine}_{redshift}.h5"
            options = {"escape_fractions": ESCAPES, "axes": [0, 2], "threads": 2}
            simulate_cubes(path, files[engine, redshift], redshift=redshift, **options)
    # In proportion to the escape fraction, ours has the mean ionized fraction of 21cmFAST.
    for redshift in REDSHIFTS:
        ours, theirs = fields(files, redshift, "neutral_fraction", 1)
        equal = [ESCAPES[1] * (1 - theirs.mean(dtype=float)) / (1 - ours.mean(dtype=float))]
        files["equal", redshift] = folder / f"equal_{redshift}.h5"
        options = {"escape_fractions": equal, "axes": [0, 2], "threads": 2}
        simulate_cubes(
            initial["excursion_set"], files["equal", redshift], redshift=redshift, **options
        )
    return files


def fields(both, redshift, field, *index):
    cubes = []
    for engine in ("excursion_set", "21cmfast"):
        with CubesFile(both[engine, redshift]) as file:
            cubes.append(file.read(field, 0, *index))
    return cubes


def spectra(ours, theirs):
    """Return wavenumbers in 1/Mpc, the cross-correlation and the ratio of powers."""
    k, power, _ = power_spectrum(ours, BOX)
    _, other, _ = power_spectrum(theirs, BOX)
    _, both, _ = power_spectrum(ours + theirs, BOX)
    return k, (both - power - other) / 2 / np.sqrt(power * other), power / other


@needs_21cmfast
@pytest.mark.slow
@pytest.mark.parametrize("redshift", REDSHIFTS)
@pytest.mark.parametrize("escape", range(len(ESCAPES)))
def test_neutral_fractions_agree_with_21cmfast(both, redshift, escape):
    ours, theirs = fields(both, redshift, "neutral_fraction", escape)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.05)


@needs_21cmfast
@pytest.mark.slow
@pytest.mark.parametrize("redshift", REDSHIFTS)
def test_density_agrees_with_21cmfast(both, redshift):
    k, correlation, ratio = spectra(*fields(both, redshift, "density"))
    large = k < 0.4
    assert correlation[large].min() > 0.99
    np.testing.assert_allclose(ratio[large], 1, atol=0.1)


@needs_21cmfast
@pytest.mark.slow
@pytest.mark.parametrize("axis", [0, 1], ids=["along x", "along z"])
@pytest.mark.parametrize("redshift", REDSHIFTS)
def test_brightness_temperature_agrees_with_21cmfast_at_equal_neutral_fraction(
    both, redshift, axis
):
    with CubesFile(both["equal", redshift]) as file:
        ours = file.read("brightness_temperature", 0, 0, axis)
    theirs = fields(both, redshift, "brightness_temperature", 1, axis)[1]
    k, correlation, ratio = spectra(ours, theirs)
    large = (k > 0.08) & (k < 0.4)
    assert correlation[large].min() > 0.97
    np.testing.assert_allclose(ratio[large], 1, atol=0.35)


def test_the_error_without_21cmfast_states_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(py21cmfast_engine, "is_installed", lambda: False)
    box = SimulationBox(32.0, cells=16, particles=32)
    settings = {"realizations": [0], "engine": "21cmfast", "seed": 1}
    with pytest.raises(InputError, match=r"not installed; install it with `make 21cmfast`"):
        draw_initial_conditions(tmp_path / "i.h5", box, **settings)
    assert not list(tmp_path.iterdir())
