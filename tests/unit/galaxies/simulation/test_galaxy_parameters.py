"""Parameters of simulated galaxies."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.cosmos_fit import TABLE, cosmos_copulas, fit_cosmos
from cosmodag.galaxies.simulation.galaxy_parameters import (
    RANGES,
    ObservingConditions,
    draw_galaxies,
)


def test_shipped_copulas_are_the_fit_to_the_cosmos_catalogues(data_folder):
    catalogue = data_folder / "galaxies/galsim_cosmos/real_galaxy_catalog_23.5_example.fits"
    if not catalogue.is_file():
        pytest.skip("GalSim's example catalogues are not in the data folder")
    fitted = fit_cosmos(catalogue, catalogue.with_name(f"{catalogue.stem}_fits.fits"))
    shipped = cosmos_copulas()
    for name, kind in fitted["kinds"].items():
        assert shipped[name].weight == kind["weight"]
        assert shipped[name].quantiles.tolist() == list(kind["quantiles"].values())
        assert shipped[name].correlation.tolist() == kind["correlation"]


@pytest.mark.parametrize("law", ["cosmos", "uniform"])
def test_galaxy_depends_on_seed_and_number_alone(law):
    many = draw_galaxies(range(20), seed=3, law=law)
    one = draw_galaxies([11], seed=3, law=law)
    assert one.iloc[0].to_dict() == many.iloc[11].to_dict()
    assert not one["magnitude"].equals(draw_galaxies([11], seed=4, law=law)["magnitude"])


@pytest.mark.parametrize("law", ["cosmos", "uniform"])
def test_parameters_lie_in_their_ranges(law):
    ranges = {"magnitude": (20.0, 22.0), "radius": (0.3, 0.9), "axis_ratio": (0.4, 0.8)}
    conditions = ObservingConditions(sides=(30, 33))
    galaxies = draw_galaxies(range(300), seed=1, law=law, ranges=ranges, conditions=conditions)
    for name, (low, high) in (RANGES | ranges).items():
        assert galaxies[name].between(low, high).all(), name
    assert set(galaxies["side"]) == {30, 31, 32, 33}
    assert np.allclose(galaxies["sersic_index"] % 0.1 % 0.0999999, 0, atol=1e-6)


def test_cosmos_law_has_larger_bright_galaxies_and_a_third_with_a_bulge():
    galaxies = draw_galaxies(range(2000), seed=1)
    assert galaxies["magnitude"].corr(galaxies["log_radius"]) < -0.4
    assert 0.3 < (galaxies["bulge_fraction"] > 0).mean() < 0.42


def test_empty_and_reversed_ranges_raise():
    with pytest.raises(InputError, match="none of 1000 galaxies drawn from the law cosmos lies in"):
        draw_galaxies([0], seed=1, ranges={"magnitude": (10.0, 11.0)})
    with pytest.raises(InputError, match=r"psf: the range \[0.4, 0.2\] is reversed"):
        draw_galaxies([0], seed=1, conditions=ObservingConditions(psf=(0.4, 0.2)))
    with pytest.raises(InputError, match="law 'cosmo' is not known; did you mean 'cosmos'"):
        draw_galaxies([0], seed=1, law="cosmo")


def test_broken_table_is_named(tmp_path):
    path = tmp_path / "law.json"
    path.write_text(TABLE.read_text()[:200])
    with pytest.raises(InputError, match=r"law\.json: not a table of fitted copulas"):
        cosmos_copulas(path)
