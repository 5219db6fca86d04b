"""Populations of galaxies: the same totals, different structure."""

import galsim
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import (
    POPULATIONS,
    concatenate,
    draw_population,
    half_light_radius,
)
from cosmodag.injections.simulation.elg_prior import read_elg_prior
from cosmodag.injections.simulation.field_sources import SOURCE_TYPES, draw_field_sources


@pytest.fixture(params=POPULATIONS)
def sample(request):
    """A few hundred galaxies of each population."""
    return draw_population(request.param, read_elg_prior(), 300, np.random.default_rng(5))


def test_both_populations_have_the_same_totals():
    model, real = (
        draw_population(name, read_elg_prior(), 300, np.random.default_rng(5))
        for name in POPULATIONS
    )
    columns = ["g", "r", "z", "rhalf", "redshift", "n"]
    assert model.catalogue[columns].equals(real.catalogue[columns])


def test_flux_shares_of_components_sum_to_one_in_each_band(sample):
    components = sample.components
    for band in "grz":
        total = np.bincount(components["source"], components[f"share_{band}"])
        np.testing.assert_allclose(total, 1.0, rtol=1e-12)
        assert (components[f"share_{band}"] >= 0).all()


def test_component_profiles_are_finite_and_can_be_rendered(sample):
    components = sample.components
    assert np.isfinite(components.to_numpy()).all()
    assert np.hypot(components["e1"], components["e2"]).max() < 0.8
    assert (components.loc[components["index"] > 0, "radius"] > 0).all()


def test_real_galaxies_have_several_components_and_colour_gradients():
    real = draw_population("real", read_elg_prior(), 300, np.random.default_rng(5))
    bulges = real.components[real.components["index"] == 4.0]
    assert (bulges["share_z"] > bulges["share_g"]).mean() > 0.9
    knots = real.components[real.components["index"] == 0.0]
    assert (knots["share_g"] > knots["share_z"]).mean() > 0.9
    assert len(knots) > 300


def test_half_light_radius_of_two_profiles_encloses_half_of_their_flux():
    for fraction, ratio in ((0.0, 0.5), (0.2, 0.3), (0.6, 0.5), (1.0, 0.4)):
        radius = half_light_radius(np.array([fraction]), np.array([ratio]))[0]
        disc = galsim.Sersic(1.0, half_light_radius=1.0).calculateIntegratedFlux(radius)
        bulge = galsim.Sersic(4.0, half_light_radius=ratio).calculateIntegratedFlux(radius)
        assert (1 - fraction) * disc + fraction * bulge == pytest.approx(0.5, abs=1e-3)


def test_unknown_population_suggests_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'real'"):
        draw_population("reel", read_elg_prior(), 3, np.random.default_rng(1))


def test_field_sources_fail_the_selection_cuts():
    sources = draw_field_sources(3000, np.random.default_rng(2)).catalogue
    assert set(sources["kind"]) == set(SOURCE_TYPES)
    gr, rz = sources["g"] - sources["r"], sources["r"] - sources["z"]
    colours = (gr < 1.15 * rz + 0.612) & (gr < -1.2 * rz + 2.381) & (rz > -0.2) & (rz < 2.1)
    limits = (sources["g"] < 24.5) & (sources["r"] < 23.9) & (sources["z"] < 23.0)
    faintest = (sources["g"] > 20.6766) & (sources["r"] > 20.4659) & (sources["z"] > 19.4391)
    assert not (colours & limits & faintest).any()


def test_concatenated_tables_keep_the_components_of_each_source():
    rng = np.random.default_rng(1)
    first, second = (draw_population(name, read_elg_prior(), 20, rng) for name in POPULATIONS)
    both = concatenate([first, second])
    assert len(both.catalogue) == 40
    mine = both.components["source"] >= 20
    assert both.components[mine]["share_g"].sum() == pytest.approx(20)
