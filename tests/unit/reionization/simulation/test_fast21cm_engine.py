"""21cmFAST behind the same interface, and the workflow's own simulator beside it.

Both start from the same linear density: what differs is how matter is moved, and that 21cmFAST
takes a fit of the matter's spectrum, by which haloes hold 5 % less.
"""

import h5py
import numpy as np
import pytest
import scipy.fft

from cosmodag.errors import InputError
from cosmodag.gridding.spectrum import power_spectrum
from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.simulation import fast21cm_engine
from cosmodag.reionization.simulation.simulation import draw_universes, simulate_cubes

needs_21cmfast = pytest.mark.skipif(
    not fast21cm_engine.installed(), reason="21cmFAST is not installed: `make 21cmfast` does it"
)
BOX = 128.0
ESCAPES = (0.07, 0.1)
REDSHIFTS = (8.0, 9.0)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Files of cubes by engine and redshift, from the same initial density."""
    folder = tmp_path_factory.mktemp("engines")
    initial = {engine: folder / f"{engine}.h5" for engine in ("21cmfast", "excursion_set")}
    draw_universes(
        initial["21cmfast"],
        realizations=[0],
        engine="21cmfast",
        seed=3,
        box_size=BOX,
        cells=64,
        threads=2,
    )
    with (
        h5py.File(initial["21cmfast"]) as theirs,
        h5py.File(initial["excursion_set"], "w") as ours,
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
    return files


def fields(both, redshift, field, *place):
    found = []
    for engine in ("excursion_set", "21cmfast"):
        with CubesFile(both[engine, redshift]) as file:
            found.append(file.read(field, 0, *place))
    return found


def spectra(ours, theirs):
    """Wavenumbers in 1/Mpc, cross-correlation, and the ratio of powers."""
    k, power, _ = power_spectrum(ours, BOX)
    _, other, _ = power_spectrum(theirs, BOX)
    _, both, _ = power_spectrum(ours + theirs, BOX)
    return k, (both - power - other) / 2 / np.sqrt(power * other), power / other


@needs_21cmfast
@pytest.mark.slow
@pytest.mark.parametrize("redshift", REDSHIFTS)
@pytest.mark.parametrize("escape", range(len(ESCAPES)))
def test_neutral_fractions_are_those_of_21cmfast(both, redshift, escape):
    ours, theirs = fields(both, redshift, "neutral_fraction", escape)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.02)


@needs_21cmfast
@pytest.mark.slow
@pytest.mark.parametrize("redshift", REDSHIFTS)
def test_matter_is_that_of_21cmfast(both, redshift):
    k, correlation, ratio = spectra(*fields(both, redshift, "density"))
    large = k < 0.4
    assert correlation[large].min() > 0.99
    np.testing.assert_allclose(ratio[large], 1, atol=0.1)


@needs_21cmfast
@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1], ids=["along x", "along z"])
@pytest.mark.parametrize("redshift", REDSHIFTS)
def test_the_sky_is_that_of_21cmfast(both, redshift, place):
    k, correlation, ratio = spectra(*fields(both, redshift, "brightness_temperature", 1, place))
    large = (k > 0.08) & (k < 0.4)
    assert correlation[large].min() > 0.95
    np.testing.assert_allclose(ratio[large], 1, atol=0.35)


def test_its_absence_is_told_with_a_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(fast21cm_engine, "installed", lambda: False)
    settings = {"seed": 1, "box_size": 32.0, "cells": 16}
    with pytest.raises(InputError, match=r"not installed; install it with `make 21cmfast`"):
        draw_universes(tmp_path / "i.h5", realizations=[0], engine="21cmfast", **settings)
    assert not list(tmp_path.iterdir())
