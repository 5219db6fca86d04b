"""Statistics of voids of known sizes and profiles."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.errors import InputError
from cosmodag.evaluation.verification import verify_results
from cosmodag.hdf5 import create_file
from cosmodag.reporting.report import write_report
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.checks import FINDERS
from cosmodag.voids.commands.statistics import command
from cosmodag.voids.finders.labels_file import label_boxes
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, spheres_as_voids
from cosmodag.voids.grids.grid_file import GridMetadata, write_grids
from cosmodag.voids.report import sections
from cosmodag.voids.statistics.box_measurements import SHELL_EDGES, BoxGalaxies, measure_voids
from cosmodag.voids.statistics.measured_boxes import Batch
from cosmodag.voids.statistics.samples import TITLES
from cosmodag.voids.statistics.universal_profile import UniversalProfile
from cosmodag.voids.statistics.void_statistics import StatisticsSettings, write_statistics
from tests.evaluated_runs import make_run
from tests.unit.voids.finders.planted import scatter_spheres, wrapped

SIDE, CELLS, DENSITY = 96.0, 96, 0.2
RADII = np.array([8.0, 7.5, 6.0, 5.5, 5.0])
PROFILE = UniversalProfile(-0.85, 0.95, 2.5, 7.0, 1.0)
CENTRES = (SHELL_EDGES[:-1] + SHELL_EDGES[1:]) / 2


def overdensity_at(position, centres):
    """Return the overdensity at positions between planted voids, which do not overlap."""
    total = np.zeros(position.shape[:-1])
    for centre, radius in zip(centres, RADII):
        distance = np.sqrt((wrapped(position - centre, SIDE) ** 2).sum(axis=-1)) / radius
        near = distance < 3
        total[near] += PROFILE.overdensity(distance[near])
    return total


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Files of three boxes with five planted voids each: labels, galaxies, matter and centres."""
    return plant(tmp_path_factory.mktemp("planted"), 3)


def plant(folder, n_boxes):
    """Write boxes with five planted voids each, and return their files and centres."""
    cells = (np.arange(CELLS) + 0.5) * SIDE / CELLS
    mesh = np.stack(np.meshgrid(cells, cells, cells, indexing="ij"), axis=-1)
    catalogue, matter = {}, []
    with create_file(folder / "galaxies.h5", "galaxies") as file:
        start_galaxies(file, "planted")
        for number in range(n_boxes):
            rng, name = np.random.default_rng(number), f"r{number:04d}"
            centres = scatter_spheres(rng, RADII, SIDE, separation=3)
            catalogue[name] = (centres, RADII)
            most = 1.5
            position = rng.uniform(0, SIDE, (rng.poisson(most * DENSITY * SIDE**3), 3))
            kept = rng.uniform(0, most, len(position)) < 1 + overdensity_at(position, centres)
            box = start_box(
                file,
                name,
                box_size=(SIDE,) * 3,
                origin=(0,) * 3,
                periodic=True,
                group=f"planted/{name}",
            )
            append(box, position[kept].astype(np.float32))
            matter.append((1 + overdensity_at(mesh, centres)).astype(np.float32))
    names = list(catalogue)
    metadata = GridMetadata(
        box_size=(SIDE,) * 3,
        method="cic",
        periodic=True,
        source="planted",
        boxes=names,
        groups=[f"planted/{name}" for name in names],
    )
    grids = ((grid, CELLS**3) for grid in matter)
    write_grids(folder / "matter.h5", grids, metadata, shape=(CELLS,) * 3)
    label_boxes(
        folder / "labels.h5",
        labels={"catalogue": {}},
        mesh=48,
        galaxies_file=folder / "galaxies.h5",
        matter_grid=folder / "matter.h5",
        catalogue=catalogue,
    )
    batch = Batch(folder / "labels.h5", folder / "galaxies.h5", folder / "matter.h5")
    return batch, catalogue


@pytest.fixture(scope="module")
def results(planted, tmp_path_factory):
    """Folder of the statistics of the planted voids."""
    folder = tmp_path_factory.mktemp("results") / "voids" / "statistics" / "planted"
    write_statistics(folder, [planted[0]], settings=StatisticsSettings(minimum_radius=5.0))
    return folder


def table(folder, name, sample="catalogue"):
    rows = pd.read_csv(folder / name)
    return rows[rows["sample"] == sample].reset_index(drop=True)


def test_each_planted_void_is_counted_in_its_bin(results):
    sizes = table(results, "sizes.csv")
    np.testing.assert_allclose(sizes["lower_mpc_h"], 5 * np.exp(0.14 * np.arange(4)), rtol=1e-5)
    assert sizes["n_voids"].tolist() == [6, 3, 3, 3]
    density = sizes["n_voids"] / (3 * SIDE**3 * 0.14)
    np.testing.assert_allclose(sizes["dn_dlnr_h3_mpc3"], density, rtol=1e-5)
    assert (sizes["error_h3_mpc3"] == 0).all()  # each box has the same voids


def test_the_planted_profiles_are_recovered(results, planted):
    profiles = table(results, "profiles.csv")
    with h5py.File(planted[0].galaxies) as file:
        n_galaxies = [len(box["position"]) for box in file.values()]
    # The overdensity is relative to the mean of the box, which planted voids change.
    mean = np.mean(n_galaxies) / (DENSITY * SIDE**3)
    # A shell's mean, not the value in its middle.
    fine = np.linspace(0, 1, 21)[:, None] * np.diff(SHELL_EDGES) + SHELL_EDGES[:-1]
    shell = np.trapezoid((1 + PROFILE.overdensity(fine)) * fine**2, axis=0)
    shell /= np.trapezoid(fine**2, axis=0)
    # Poisson errors: of the mean over voids, and of all pairs together.
    truth, volume = shell / mean, 4 / 3 * np.pi * np.diff(SHELL_EDGES**3)
    expected = mean * DENSITY * RADII[:, None] ** 3 * volume
    poisson = {
        "galaxies": np.sqrt((truth / expected).sum(axis=0) / 3) / len(RADII),
        "cross_correlation": np.sqrt(truth / (3 * expected.sum(axis=0))),
    }
    for name, error in poisson.items():
        pull = (profiles[name] - (truth - 1)) / error
        assert np.abs(pull).max() < 4
        assert 0.5 < np.sqrt(np.mean(pull**2)) < 1.5
        ratio = profiles[f"{name}_error"] / error
        assert 0.6 < ratio[5:].mean() < 1.4
    with h5py.File(planted[0].matter) as file:
        mean = file.attrs["mean_density"].mean()
    np.testing.assert_allclose(profiles["matter"][3:], (shell / mean - 1)[3:], atol=0.03)


def test_the_universal_profile_is_fitted(results):
    content = json.loads((results / "statistics.json").read_text())
    fit = content["samples"]["catalogue"]["fits"]["matter"]
    assert fit["central_overdensity"] == pytest.approx(-0.85, abs=0.02)
    assert fit["scale_radius"] / fit["wall_radius"] == pytest.approx(0.95, abs=0.03)
    assert fit["rms_residual"] < 0.02


def test_the_finder_recovers_planted_voids_without_the_truth(results, planted):
    found = table(results, "voids.csv", "found_galaxies")
    for box, (centres, _) in planted[1].items():
        place = found.loc[found["box"] == box, ["x_mpc_h", "y_mpc_h", "z_mpc_h"]].to_numpy()
        assert len(place) <= len(centres)
        gaps = np.linalg.norm(wrapped(place[:, None] - centres, SIDE), axis=-1)
        assert (gaps.min(axis=1) < 3).all()


def test_shells_beyond_half_a_periodic_box_are_left_out():
    position = np.random.default_rng(0).uniform(0, 30, (3000, 3))
    galaxies = BoxGalaxies(position, None, np.full(3, 30.0), True)
    voids = measure_voids(spheres_as_voids([[1.0, 2.0, 3.0]], [10.0]), galaxies, None)
    excess, expected = voids.shells["cross_correlation"]
    assert (expected > 0).tolist() == [True] * 15 + [False] * 15
    assert not excess[15:].any()
    assert abs(excess.sum()) < 5 * np.sqrt(expected.sum())


def test_shells_that_reach_out_of_an_open_box_are_left_out():
    position = np.random.default_rng(0).uniform(0, 30, (3000, 3))
    galaxies = BoxGalaxies(position, None, np.full(3, 30.0), False)
    catalogue = spheres_as_voids([[15.0, 15.0, 4.05], [15.0, 15.0, 15.0]], [4.0, 4.0])
    voids = measure_voids(catalogue, galaxies, np.zeros((60, 60, 60), np.float32))
    for name in ("galaxies", "matter"):
        assert voids.shells[name][1][3:].tolist() == [2] * 7 + [1] * 20


def test_weights_of_galaxies_count():
    rng = np.random.default_rng(0)
    position = rng.uniform(0, 30, (4000, 3))
    weight = rng.integers(1, 4, 4000).astype(np.float32)
    repeated = BoxGalaxies(
        np.repeat(position, weight.astype(int), axis=0), None, np.full(3, 30.0), True
    )
    weighted = BoxGalaxies(position, weight, np.full(3, 30.0), True)
    catalogue = spheres_as_voids(rng.uniform(0, 30, (5, 3)), np.full(5, 4.0))
    expected, found = (measure_voids(catalogue, each, None) for each in (repeated, weighted))
    for name, sums in expected.shells.items():
        np.testing.assert_allclose(found.shells[name], sums)
    np.testing.assert_allclose(found.ellipticity, expected.ellipticity)


def test_a_union_of_spheres_is_longer_than_one_sphere():
    position = np.random.default_rng(0).uniform(0, 60, (60_000, 3))
    galaxies = BoxGalaxies(position, None, np.full(3, 60.0), True)
    line = np.array([[30.0, 30.0, z] for z in (20.0, 26.0, 32.0, 38.0)])
    union = VoidCatalogue(
        position=np.array([[30.0, 30.0, 29.0]]),
        radius=np.array([4.0]),
        volume=np.array([800.0]),
        sphere_position=line,
        sphere_radius=np.full(4, 4.0),
        sphere_void=np.zeros(4, np.int64),
    )
    shape = measure_voids(union, galaxies, None)
    sphere = measure_voids(spheres_as_voids([[30.0, 30.0, 29.0]], [4.0]), galaxies, None)
    assert shape.ellipticity[0] > 0.3 > 0.1 > shape.chance_ellipticity[0]
    assert sphere.ellipticity[0] < 0.15
    assert shape.n_galaxies[0] > 2 * sphere.n_galaxies[0]


def test_boxes_without_voids_are_stated(planted, tmp_path):
    batch, _ = planted
    label_boxes(
        tmp_path / "labels.h5",
        labels={"matter_spheres": {"threshold": -0.95, "minimum_radius": 9.0}},
        mesh=48,
        galaxies_file=batch.galaxies,
        matter_grid=batch.matter,
    )
    content = write_statistics(
        tmp_path / "statistics",
        [batch._replace(labels=tmp_path / "labels.h5")],
        settings=StatisticsSettings(threshold=-0.99),
    )
    assert "no (spheres in the matter), no (found among the galaxies)" in content["sentence"]
    for numbers in content["samples"].values():
        assert numbers["n_voids"] == 0
        assert numbers["volume_fraction"]["value"] == 0
        assert numbers["ellipticity"]["measured"] == {"value": None, "error": None}
    assert len(pd.read_csv(tmp_path / "statistics/voids.csv")) == 0
    assert (tmp_path / "statistics/statistics.png").stat().st_size > 0


def test_one_box_has_tables_without_errors_and_figures(tmp_path):
    batch, _ = plant(tmp_path, 1)
    write_statistics(tmp_path / "one", [batch], settings=StatisticsSettings(minimum_radius=5.0))
    sizes = table(tmp_path / "one", "sizes.csv")
    assert sizes["n_voids"].sum() == 5
    assert sizes["error_h3_mpc3"].isna().all()
    drawn = pd.concat(map(pd.read_csv, sorted((tmp_path / "one").rglob("*.numbers.csv"))))
    assert len(drawn) > 100
    assert not (drawn["kind"] == "interval").any()


def test_files_are_verified_and_reported(results, tmp_path):
    assert not verify_results(results.parents[2]).problems
    (section,) = sections([results])
    assert section.answer.startswith("Voids in 3 boxes: 15 (the given catalogue)")
    assert len(section.tables[0].rows) == 2
    assert section.figures[0].address.startswith("data:image/svg+xml;base64,")
    runs = [make_run(tmp_path / "voids" / "unet")]
    write_report(tmp_path / "report.html", runs, products=[results])
    page = (tmp_path / "report.html").read_text()
    assert section.answer in page
    assert "5 to 5.751" in page or "5.000 to 5.751" in page
    table = results / "profiles.csv"
    text = table.read_text()
    table.write_text(text.replace("-0.8", "-0.7", 1))
    assert [path.name for path in verify_results(results.parents[2]).problems] == ["profiles.csv"]
    table.write_text(text)


def test_files_of_other_boxes_are_refused(planted, write_boxes, tmp_path):
    batch, _ = planted
    with create_file(tmp_path / "other.h5", "galaxies") as file:
        start_galaxies(file, "other")
        box = {"box_size": (SIDE,) * 3, "origin": (0,) * 3, "periodic": True}
        append(start_box(file, "r0009", group="other/r0009", **box), np.ones((9, 3), np.float32))
    other = Batch(batch.labels, tmp_path / "other.h5")
    with pytest.raises(InputError, match=r"different boxes \(r0000 …\)"):
        write_statistics(tmp_path / "statistics", [other])
    grid = write_boxes()[0]
    with pytest.raises(InputError, match=r"grid\.h5: has no fields; give a grid file"):
        write_statistics(tmp_path / "statistics", [batch._replace(grid=grid)])
    arguments = [f"--labels={batch.labels}", f"--galaxies={batch.galaxies}"] * 2
    arguments += [f"--matter={batch.matter}", f"--output={tmp_path / 'statistics'}"]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2
    assert "1 files of --matter and 2 of --labels" in done.output


def test_samples_of_every_definition_have_a_title():
    assert set(FINDERS) <= set(TITLES)
