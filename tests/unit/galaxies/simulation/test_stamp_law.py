"""Parameters of galaxies as the COSMOS field has them."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.stamp_law import (
    RANGES,
    TABLE,
    draw_galaxies,
    fit_law,
    shipped_law,
)


def test_the_shipped_law_is_the_fit_to_the_catalogues(data_folder):
    catalogue = data_folder / "galaxies/galsim_cosmos/real_galaxy_catalog_23.5_example.fits"
    if not catalogue.is_file():
        pytest.skip("GalSim's example catalogues are not in the data folder")
    fitted = fit_law(catalogue, catalogue.with_name(f"{catalogue.stem}_fits.fits"))
    shipped = shipped_law()
    for name, kind in fitted["kinds"].items():
        assert shipped[name].weight == kind["weight"]
        assert shipped[name].quantiles.tolist() == list(kind["quantiles"].values())
        assert shipped[name].correlation.tolist() == kind["correlation"]


@pytest.mark.parametrize("law", ["cosmos", "uniform"])
def test_a_galaxy_depends_on_seed_and_number_alone(law):
    many = draw_galaxies(range(20), seed=3, law=law)
    one = draw_galaxies([11], seed=3, law=law)
    assert one.iloc[0].to_dict() == many.iloc[11].to_dict()
    assert not one["magnitude"].equals(draw_galaxies([11], seed=4, law=law)["magnitude"])


@pytest.mark.parametrize("law", ["cosmos", "uniform"])
def test_galaxies_lie_in_the_ranges(law):
    ranges = {"magnitude": (20.0, 22.0), "radius": (0.3, 0.9), "axis_ratio": (0.4, 0.8)}
    drawn = draw_galaxies(range(300), seed=1, law=law, ranges=ranges, sides=(30, 33))
    for name, (low, high) in (RANGES | ranges).items():
        assert drawn[name].between(low, high).all(), name
    assert set(drawn["side"]) == {30, 31, 32, 33}
    assert np.allclose(drawn["sersic_index"] % 0.1 % 0.0999999, 0, atol=1e-6)


def test_bright_galaxies_are_large_as_in_the_field():
    drawn = draw_galaxies(range(2000), seed=1)
    assert drawn["magnitude"].corr(drawn["log_radius"]) < -0.4
    assert 0.3 < (drawn["bulge_fraction"] > 0).mean() < 0.42


def test_ranges_that_no_galaxy_lies_in_are_refused():
    with pytest.raises(InputError, match="of 1000 galaxies of the law cosmos none lies in them"):
        draw_galaxies([0], seed=1, ranges={"magnitude": (10.0, 11.0)})
    with pytest.raises(InputError, match=r"psf: the range \[0.4, 0.2\] is upside down"):
        draw_galaxies([0], seed=1, psf=(0.4, 0.2))
    with pytest.raises(InputError, match="law 'cosmo' is not known; did you mean 'cosmos'"):
        draw_galaxies([0], seed=1, law="cosmo")


def test_a_broken_table_is_named(tmp_path):
    path = tmp_path / "law.json"
    path.write_text(TABLE.read_text()[:200])
    with pytest.raises(InputError, match=r"law\.json: not a table of fitted copulas"):
        shipped_law(path)
