"""Parameters of realizations are drawn from their priors, each by itself."""

import numpy as np
import pytest
from scipy.stats import kstest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.simulation.coeval_cubes import draw_initial_conditions, simulate_cubes
from cosmodag.reionization.simulation.engine import Astrophysics, SimulationBox
from cosmodag.reionization.simulation.priors import Priors

RANGES = {"redshift": [7, 10], "turnover_mass": [1e8, 1e10], "mean_free_path": [10, 60]}
PRIORS = Priors(RANGES, ["turnover_mass"])


def test_values_follow_their_priors_and_are_independent():
    values = [PRIORS.draw(3, index) for index in range(600)]
    quantiles = np.array(
        [
            [(each["redshift"] - 7) / 3 for each in values],
            [np.log10(each["turnover_mass"] / 1e8) / 2 for each in values],
            [(each["mean_free_path"] - 10) / 50 for each in values],
        ]
    )
    assert min(kstest(each, "uniform").pvalue for each in quantiles) > 0.001
    assert np.abs(np.corrcoef(quantiles) - np.eye(3)).max() < 0.15


def test_a_value_depends_on_its_own_range_alone():
    alone = Priors({"redshift": [7, 10]}).draw(3, 5, 1)
    assert PRIORS.draw(3, 5, 1)["redshift"] == alone["redshift"]
    others = [PRIORS.draw(*key)["redshift"] for key in ((3, 5, 0), (3, 6, 1), (4, 5, 1))]
    assert alone["redshift"] not in others


@pytest.mark.parametrize("ends", [[10, 7], [7], [0, 7], [7, 7], [7, np.inf]])
def test_impossible_ranges_are_refused(ends):
    with pytest.raises(InputError, match=r"redshift: .* is no range"):
        Priors({"redshift": ends})


def test_unknown_parameters_are_refused():
    with pytest.raises(InputError, match="'star_fraction' cannot be drawn: choose from redshift"):
        Priors({"star_fraction": [0.1, 0.2]})


@pytest.fixture(scope="module")
def initial(tmp_path_factory):
    """Initial conditions of the realizations 0 and 1, and of 1 alone."""
    folder = tmp_path_factory.mktemp("initial")
    for name, realizations in (("both", [0, 1]), ("one", [1])):
        draw_initial_conditions(
            folder / f"{name}.h5",
            SimulationBox(box_size=32.0, cells=8, particles=8),
            realizations=realizations,
            engine="excursion_set",
            seed=3,
        )
    return folder


def test_cubes_are_those_of_the_values_drawn(initial, tmp_path):
    """A realization is the same with others in its batch, and with its values given."""
    priors = Priors(RANGES | {"escape_fraction": [0.05, 0.2]}, ["turnover_mass"])
    for name in ("both", "one"):
        simulate_cubes(initial / f"{name}.h5", tmp_path / f"{name}.h5", priors=priors, draw=2)
    values = priors.draw(3, 1, 2)
    simulate_cubes(
        initial / "one.h5",
        tmp_path / "given.h5",
        redshift=values["redshift"],
        escape_fractions=[values["escape_fraction"]],
        astrophysics=Astrophysics(
            turnover_mass=values["turnover_mass"], mean_free_path=values["mean_free_path"]
        ),
    )
    cubes = []
    for name, row in (("both", 1), ("one", 0), ("given", 0)):
        with CubesFile(tmp_path / f"{name}.h5") as file:
            cubes.append(file.read("brightness_temperature", row, 0, 0))
            if name != "given":
                assert file.header.parameters(row) == values
            else:
                assert not file.header.drawn
                assert not {"drawn", "draw"} & set(file._file.attrs)
    np.testing.assert_array_equal(cubes[0], cubes[1])
    np.testing.assert_array_equal(cubes[0], cubes[2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"escape_fractions": [0.1]}, "redshift: give one value, or one range"),
        ({"redshift": 8}, "escape_fractions: give a list of values, or a range"),
        ({"priors": PRIORS, "redshift": 8, "escape_fractions": [0.1]}, "redshift: give one value"),
        ({"redshift": 3, "escape_fractions": [0.1]}, "redshift: 3 is out of range"),
    ],
)
def test_parameters_are_given_once(initial, tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        simulate_cubes(initial / "one.h5", tmp_path / "z.h5", **settings)
