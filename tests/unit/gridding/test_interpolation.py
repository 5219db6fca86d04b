"""Gathering is the transpose of mass assignment."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.gridding.cells import METHODS
from cosmodag.gridding.interpolation import gather
from cosmodag.gridding.mass_assignment import assign_mass


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(12, 9, 10), (11, 14)])
def test_gather_is_the_transpose_of_assignment(rng, method, shape, periodic):
    positions = rng.random((2000, len(shape))) * 5
    charges, field = rng.normal(size=2000), rng.normal(size=shape)
    spread = assign_mass(
        positions, np.zeros(shape), 5.0, weights=charges, method=method, periodic=periodic
    )
    gathered = gather(field, positions, 5.0, method=method, periodic=periodic)
    if method == "ngp":  # a particle within 2**-16 of an edge may go to the next cell
        assert np.dot(gathered, charges) == pytest.approx((field * spread).sum(), abs=5)
    else:
        assert np.dot(gathered, charges) == pytest.approx((field * spread).sum(), abs=2e-2)


@pytest.mark.parametrize("method", METHODS)
def test_a_uniform_field_is_gathered_exactly(rng, method):
    positions = rng.random((500, 3)).astype(np.float32)
    np.testing.assert_allclose(gather(np.full((6, 7, 8), 3.0), positions, 1.0, method=method), 3)


@pytest.mark.parametrize("method", ["cic", "tsc"])
def test_a_linear_field_is_gathered_exactly_inside(rng, method):
    centres = np.arange(10) + 0.5
    field = centres[:, None, None] - 2 * centres[:, None] + 3 * centres
    positions = 2 + 6 * rng.random((500, 3))
    expected = positions @ [1, -2, 3]
    np.testing.assert_allclose(gather(field, positions, 10.0, method=method), expected)


def test_fields_gathered_together_equal_those_gathered_singly(rng):
    fields = rng.normal(size=(3, 8, 8, 8)).astype(np.float32)
    positions = rng.random((400, 3)).astype(np.float32)
    together = gather(fields, positions, 1.0)
    assert together.shape == (400, 3)
    assert together.dtype == np.float32
    for axis in range(3):
        assert np.array_equal(together[:, axis], gather(fields[axis], positions, 1.0))


def test_out_is_filled(rng):
    out = np.empty(10)
    assert gather(np.ones((4, 4, 4)), rng.random((10, 3)), 1.0, out=out) is out
    np.testing.assert_allclose(out, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.5, -0.1])
def test_positions_outside_are_refused(rng, bad):
    positions = rng.random((100, 3))
    positions[3, 2] = bad
    with pytest.raises(InputError, match=r"1\.000% of 100 positions"):
        gather(np.ones((4, 4, 4)), positions, 1.0)
