"""Voids of a survey are those of its box, away from the edges; what is outside is no void."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from click.testing import CliRunner

from cosmodag.checksums import require
from cosmodag.commands.main import main
from cosmodag.voids.catalogues.sky_catalogue import SPEED_OF_LIGHT
from cosmodag.voids.catalogues.sky_coordinates import comoving_positions, sky_coordinates
from cosmodag.voids.finders.cross_match import match_spheres
from cosmodag.voids.finders.void_catalogue import sphere_volume
from tests.unit.voids.finders.planted import remove_spheres, scatter_spheres
from tests.unit.voids.survey.footprints import inside, observed, uniform
from tests.unit.voids.survey.test_footprint import write_map

SIDE, OMEGA_M, DENSITY = 260.0, 0.3, 0.01


@pytest.fixture(scope="module")
def empty():
    """Centres and radii of empty spheres in a periodic box with the observer in a corner."""
    radii = np.linspace(15, 10, 70)
    return scatter_spheres(np.random.default_rng(1), radii, SIDE, separation=1.25), radii


@pytest.fixture(scope="module")
def planted(empty):
    """Centres of these spheres, and the radii within which the mean overdensity is -0.7."""
    centres, radii = empty
    fraction = sphere_volume(radii).sum() / SIDE**3
    return centres, radii / np.cbrt(1 - 0.3 * (1 - fraction))


@pytest.fixture(scope="module")
def galaxies(empty):
    tracers = np.random.default_rng(2).uniform(0, SIDE, (int(DENSITY * SIDE**3), 3))
    return remove_spheres(tracers, *empty, SIDE)


def sky_table(position: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(("ra", "dec", "z"), sky_coordinates(position, OMEGA_M))))


@pytest.fixture(scope="module")
def files(tmp_path_factory, galaxies):
    """The galaxies on the sky and in the box, and randoms of the survey."""
    folder = tmp_path_factory.mktemp("catalogues")
    sky_table(observed(galaxies).position).to_csv(folder / "survey.csv", index=False)
    randoms = uniform(np.random.default_rng(3), 5 * DENSITY, "randoms")
    sky_table(randoms.position).to_csv(folder / "randoms.csv", index=False)
    pd.DataFrame(galaxies, columns=["x", "y", "z"]).to_csv(folder / "box.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def find(files):
    """Run the command with the galaxies of the survey, or of the box."""

    def run(output, *words, catalogue="survey.csv", randoms=True, chance=0):
        words = [str(files / catalogue), "--output", str(output), *words]
        words += ["--chance-samples", str(chance)]
        words += [] if "--box-size" in words else ["--omega-m", str(OMEGA_M)]
        words += ["--randoms", str(files / "randoms.csv")] if randoms else []
        return CliRunner().invoke(main, ["voids", "find", *words])

    return run


@pytest.fixture(scope="module")
def survey_voids(find, tmp_path_factory):
    output = tmp_path_factory.mktemp("survey") / "voids"
    done = find(output)
    assert done.exit_code == 0, done.output
    return output


@pytest.fixture(scope="module")
def box_voids(find, tmp_path_factory):
    output = tmp_path_factory.mktemp("box") / "voids"
    done = find(output, "--box-size", str(SIDE), catalogue="box.csv", randoms=False)
    assert done.exit_code == 0, done.output
    return output


def spheres(folder) -> tuple[np.ndarray, np.ndarray]:
    table = pd.read_csv(folder / "voids.csv")
    return table[["x", "y", "z"]].to_numpy(), table["radius"].to_numpy()


def away_from_edges(position: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Whether all points at 1.4 radii of each centre are inside the survey."""
    steps = 1.4 * radius[:, None, None] * np.vstack([np.eye(3), -np.eye(3)])
    points = position[:, None] + steps
    return inside(points.reshape(-1, 3)).reshape(-1, 6).all(axis=1)


def test_planted_voids_away_from_edges_are_found(survey_voids, planted):
    position, radius = spheres(survey_voids)
    match = match_spheres(position, radius, *planted, [SIDE] * 3, periodic=True)
    expected = np.flatnonzero(away_from_edges(*planted))
    found = np.flatnonzero(away_from_edges(position, radius))
    assert len(expected) >= 5
    assert np.isin(expected, match.reference_row).all()
    assert np.isin(found, match.row).all()


def test_voids_away_from_edges_are_those_of_the_box(survey_voids, box_voids):
    position, radius = spheres(survey_voids)
    near = match_spheres(position, radius, *spheres(box_voids), [SIDE] * 3, periodic=True)
    kept = away_from_edges(position, radius)[near.row]
    assert near.offset[kept].max() < 0.15
    assert np.abs(near.radius_ratio[kept] - 1).max() < 0.05


@pytest.mark.parametrize("known_by", ["mask", "galaxies"])
def test_voids_are_the_same_without_randoms(find, survey_voids, planted, tmp_path, known_by):
    words = ["--estimate-footprint"]
    if known_by == "mask":
        write_map(tmp_path / "mask.fits", eastern=1.0)
        words = ["--mask", str(tmp_path / "mask.fits")]
    done = find(tmp_path / "voids", *words, randoms=False)
    assert done.exit_code == 0, done.output
    position, radius = spheres(tmp_path / "voids")
    expected = np.flatnonzero(away_from_edges(*planted))
    match = match_spheres(position, radius, *planted, [SIDE] * 3, periodic=True)
    assert np.isin(expected, match.reference_row).all()
    near = match_spheres(position, radius, *spheres(survey_voids), [SIDE] * 3, periodic=True)
    kept = away_from_edges(position, radius)[near.row]
    assert near.offset[kept].max() < 0.3
    assert np.abs(near.radius_ratio[kept] - 1).max() < 0.1


def test_volume_of_voids_outside_the_survey_is_small(survey_voids):
    random = np.random.default_rng(1)
    points = random.normal(size=(2000, 3))
    points *= (np.cbrt(random.random(2000)) / np.linalg.norm(points, axis=1))[:, None]
    position, radius = spheres(survey_voids)
    fraction = [1 - inside(centre + size * points).mean() for centre, size in zip(position, radius)]
    assert np.average(fraction, weights=radius**3) <= 0.005


def test_voids_that_reach_out_are_kept_if_wanted(find, survey_voids, tmp_path):
    done = find(tmp_path / "voids", "--minimum-fraction-inside", "0")
    assert done.exit_code == 0, done.output
    loose, strict = (pd.read_csv(f / "voids.csv") for f in (tmp_path / "voids", survey_voids))
    assert len(loose) > len(strict)
    assert loose["fraction_inside"].min() < 0.98 <= strict["fraction_inside"].min()


def test_table_agrees_with_itself(survey_voids):
    table = pd.read_csv(survey_voids / "voids.csv")
    position = comoving_positions(
        *(table[name].to_numpy() for name in ("ra", "dec", "redshift")), OMEGA_M
    )
    np.testing.assert_allclose(position, table[["x", "y", "z"]], atol=0.01)
    np.testing.assert_allclose(
        table["volume"], 4 / 3 * np.pi * table["effective_radius"] ** 3, 1e-4
    )
    assert (table["overdensity"] < -0.65).all()
    expected = DENSITY * table["volume"] * (1 + table["overdensity"])
    assert np.abs(table["n_galaxies"] / expected - 1).mean() < 0.35


def test_files_agree_and_record_what_they_were_made_from(survey_voids, files):
    table = pd.read_csv(survey_voids / "voids.csv")
    with fits.open(survey_voids / "voids.fits") as hdus:
        assert hdus["VOIDS"].columns["radius"].unit == "Mpc/h"
        for name in table:
            np.testing.assert_allclose(hdus["VOIDS"].data[name], table[name], rtol=1e-5)
    record = require(survey_voids / "voids.json", "").record
    assert {path.rpartition("/")[2] for path in record["inputs"]} == {"survey.csv", "randoms.csv"}
    assert {"voids.csv", "voids.fits", "slice.svg"} <= set(record["files"])
    content = json.loads((survey_voids / "voids.json").read_text())
    assert content["n_voids"] == len(table)
    assert content["settings"]["omega_m"] == OMEGA_M


def test_unions_of_empty_spheres_are_found_in_a_survey(find, tmp_path, planted):
    done = find(tmp_path / "voids", "--finder", "spheres")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "voids" / "voids.csv")
    match = match_spheres(*spheres(tmp_path / "voids"), *planted, [SIDE] * 3, periodic=True)
    expected = np.flatnonzero(away_from_edges(*planted))
    assert np.isin(expected, match.reference_row).all()
    assert (table["effective_radius"] >= table["radius"] * 0.99).all()


def test_basins_of_a_survey_are_the_planted_voids_and_those_of_the_box(find, tmp_path, planted):
    words = ["--finder", "watershed", "--smoothing", "4"]
    done = find(tmp_path / "survey", *words)
    assert done.exit_code == 0, done.output
    words += ["--box-size", str(SIDE)]
    done = find(tmp_path / "box", *words, catalogue="box.csv", randoms=False)
    assert done.exit_code == 0, done.output
    position, radius = spheres(tmp_path / "survey")
    assert inside(position).all()
    match = match_spheres(position, radius, *planted, [SIDE] * 3, periodic=True)
    expected = np.flatnonzero(away_from_edges(*planted))
    found = np.flatnonzero(away_from_edges(position, radius))
    assert np.isin(expected, match.reference_row).mean() > 0.9
    assert np.isin(found, match.row).mean() > 0.9
    near = match_spheres(position, radius, *spheres(tmp_path / "box"), [SIDE] * 3, periodic=True)
    kept = away_from_edges(position, radius)[near.row]
    assert kept.sum() >= 5
    assert np.median(near.offset[kept]) < 0.1
    assert np.median(np.abs(near.radius_ratio[kept] - 1)) < 0.05
    for folder in (tmp_path / "survey", tmp_path / "box"):
        table = pd.read_csv(folder / "voids.csv")
        assert (table["overdensity"] < -0.5).all()
        expected = DENSITY * table["volume"] * (1 + table["overdensity"])
        assert np.abs(table["n_galaxies"] / expected - 1).mean() < 0.35
        assert (table["significance"] >= 2.5).all()
        assert (table["contrast"] > 1).all()
        assert table["ellipticity"].between(0, 0.5).all()
        settings = json.loads((folder / "voids.json").read_text())["settings"]
        assert settings["threshold"] == -0.3


def test_velocities_and_other_columns_are_read(find, files, survey_voids, tmp_path):
    for name in ("survey", "randoms"):
        table = pd.read_csv(files / f"{name}.csv")
        table["z"] *= SPEED_OF_LIGHT
        table.columns = ["RA", "DEC", "CZ"]
        table.to_csv(files / f"{name}_cz.csv", index=False)
    words = [str(files / "survey_cz.csv"), "--randoms", str(files / "randoms_cz.csv"), "--cz"]
    words += ["--columns", '["RA", "DEC", "CZ"]', "--omega-m", str(OMEGA_M)]
    words += ["--chance-samples", "0"]
    done = CliRunner().invoke(main, ["voids", "find", *words, "--output", str(tmp_path / "voids")])
    assert done.exit_code == 0, done.output
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "voids" / "voids.csv"), pd.read_csv(survey_voids / "voids.csv")
    )


def test_voids_of_galaxies_without_clustering_are_all_chance(find, files, tmp_path):
    points = uniform(np.random.default_rng(8), DENSITY, "points").position
    sky_table(points).to_csv(files / "unclustered.csv", index=False)
    words = ["--minimum-radius", "7", "--cell", "1.75"]
    done = find(tmp_path / "voids", *words, catalogue="unclustered.csv", chance=2)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "voids" / "voids.csv")
    content = json.loads((tmp_path / "voids" / "voids.json").read_text())
    assert content["n_chance"] == pytest.approx(len(table), abs=4 * np.sqrt(len(table)))
    assert table["chance_fraction"].iloc[-1] > 0.5


def test_planted_voids_are_no_chance(find, survey_voids, tmp_path):
    done = find(tmp_path / "voids", chance=1)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "voids" / "voids.csv")
    assert table["chance_fraction"].iloc[0] == 0
    assert table["chance_fraction"].iloc[-1] < 0.2
    assert "galaxies without clustering have" in done.output
    without = pd.read_csv(survey_voids / "voids.csv")
    pd.testing.assert_frame_equal(without, table.drop(columns="chance_fraction"))


@pytest.mark.parametrize(
    ("words", "randoms", "message"),
    [
        ((), False, "give --randoms, --mask or --estimate-footprint"),
        (("--box-size", "260"), True, "one of the four"),
        (("--estimate-footprint",), True, "one of the four"),
        (("--cz",), True, "leave cz out"),
        (("--minimum-radius", "3", "--cell", "4"), True, "give a minimum_radius at least"),
        (("--minimum-radius", "10", "--cell", "6"), True, "use more cells or a larger radius"),
        (("--maximum-redshift", "0.001"), True, "give another range"),
        (("--finder", "watershed", "--threshold", "-0.9"), True, "ridge 0.2 of a watershed"),
        (
            ("--smoothing", "3"),
            True,
            "--smoothing: a setting of the finder watershed has no effect",
        ),
        (("--unit", "kpc"), True, "--unit: a setting of a box has no effect here; remove it"),
        (("--box-size", "260", "--cz"), False, "--cz: a setting of a survey has no effect here"),
        (
            ("--box-size", "90", "--minimum-radius", "50"),
            False,
            "--minimum-radius: 50.0 Mpc/h is not",
        ),
        (("--mask-column", "w"), True, "--mask-column has no effect without --mask; remove it"),
        (("--maximum-radius", "5"), True, "--maximum-radius: 5.0 is below minimum_radius 10.0"),
        (("--minimum-radius", "200", "--cell", "20"), True, "less than half of the shortest side"),
    ],
)
def test_mistakes_are_one_line(find, tmp_path, words, randoms, message):
    done = find(tmp_path / "voids", *words, randoms=randoms)
    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "voids").exists()


def test_a_grid_that_is_too_large_is_refused_with_a_cell_that_fits(find, tmp_path):
    words = {"catalogue": "box.csv", "randoms": False}
    done = find(tmp_path / "voids", "--box-size", "6000", **words)
    assert done.exit_code == 2
    assert "the box of 6000 x 6000 x 6000 Mpc/h" in done.output
    assert "take 108 GB for each field: give a cell of 12.3 Mpc/h" in done.output


def test_words_that_would_be_misunderstood_are_refused(tmp_path):
    words = ["survey.csv", "--randoms", "north.csv", "south.csv"]
    done = CliRunner().invoke(main, ["voids", "find", *words, "--output", str(tmp_path / "voids")])
    assert done.exit_code == 2
    assert "south.csv would be read as galaxies" in done.output


def test_voids_of_few_galaxies_are_warned_of(find, tmp_path, caplog):
    done = find(tmp_path / "voids", "--minimum-radius", "6", "--cell", "3")
    assert done.exit_code == 0, done.output
    assert "a sphere of 6 Mpc/h contains 8.73 galaxies on average" in caplog.text


def test_a_box_with_hardly_any_galaxies_is_refused(find, files, tmp_path):
    table = pd.read_csv(files / "box.csv").sample(50, random_state=1)
    table.to_csv(tmp_path / "few.csv", index=False)
    words = {"catalogue": tmp_path / "few.csv", "randoms": False}
    done = find(tmp_path / "voids", "--box-size", str(SIDE), "--no-periodic", **words)
    assert done.exit_code == 2
    assert "contains 0.012 galaxies on average" in done.output
    assert "give a minimum_radius of 119 Mpc/h" in done.output


@pytest.mark.parametrize("weight", [0.5, 1000.0])
def test_voids_do_not_depend_on_the_unit_of_weights(find, files, survey_voids, tmp_path, weight):
    pd.read_csv(files / "survey.csv").assign(w=weight).to_csv(tmp_path / "w.csv", index=False)
    done = find(tmp_path / "voids", "--weight", "w", catalogue=tmp_path / "w.csv")
    assert done.exit_code == 0, done.output
    expected, found = (
        pd.read_csv(each / "voids.csv") for each in (survey_voids, tmp_path / "voids")
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-3)
    records = [
        json.loads((each / "voids.json").read_text()) for each in (survey_voids, tmp_path / "voids")
    ]
    assert records[1]["mean_density"] == pytest.approx(weight * records[0]["mean_density"])
    assert records[1]["number_density"] == pytest.approx(records[0]["number_density"])


def test_galaxies_outside_the_distances_of_the_randoms_are_counted(find, files, tmp_path):
    table = pd.read_csv(files / "survey.csv")
    far = table[:20].assign(z=9.9999)
    pd.concat([table, far]).to_csv(tmp_path / "far.csv", index=False)
    done = find(tmp_path / "voids", catalogue=tmp_path / "far.csv")
    assert done.exit_code == 0, done.output
    n_outside = json.loads((tmp_path / "voids" / "voids.json").read_text())["n_outside"]
    assert 20 <= n_outside < 0.1 * len(table)
    assert f"{n_outside} galaxies outside the survey are not used" in done.output


def test_a_folder_of_something_else_is_not_replaced(find, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    done = find(tmp_path)
    assert done.exit_code == 2
    assert "notes.txt" in done.output


@pytest.mark.data
def test_a_real_survey_has_voids_inside_it(data_folder, tmp_path):
    galaxies, randoms = (
        str(data_folder / "voids" / f"Mr19_{name}_northonly.rdcz.ff")
        for name in ("mock", "randoms")
    )
    words = [galaxies, "--randoms", randoms, "--cz", "--columns", '["x", "y", "z"]']
    done = CliRunner().invoke(main, ["voids", "find", *words, "--output", str(tmp_path / "voids")])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "voids" / "voids.csv")
    assert len(table) > 30
    assert table["redshift"].between(0.02, 0.067).all()
    assert table["fraction_inside"].min() >= 0.98
    content = json.loads((tmp_path / "voids" / "voids.json").read_text())
    # The footprint of the Sloan Digital Sky Survey has 7,000 square degrees in the north.
    assert content["volume"] == pytest.approx(7100 / 3283 * (197.7**3 - 59.7**3) / 3, rel=0.05)
