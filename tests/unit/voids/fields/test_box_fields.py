"""Fields of whole boxes beside their galaxies."""

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.voids.cutouts.cubes import list_cubes
from cosmodag.voids.fields.box_fields import BoxFields
from cosmodag.voids.fields.pilot_boxes import fit_pilots
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.voxelize import voxelize_spheres
from cosmodag.voids.grids.assign_galaxies import grid_galaxies
from cosmodag.voids.grids.grid_file import GridMetadata, read_grid, read_header, write_grids
from tests.checksummed import hdf5_file
from tests.unit.voids.baselines.boxes import BOX, CELL, CELLS, draw_universe, write_universe

SETTINGS = {
    "smoothing": [3.0, 6.0],
    "thresholds": [-0.8],
    "matter_radii": [6.0],
    "matter_thresholds": [-0.5],
    "minimum_radius": 6.0,
}


@pytest.fixture(scope="module")
def pilots(tmp_path_factory):
    """Return the files of two boxes with known matter."""
    folder = tmp_path_factory.mktemp("pilots")
    return [write_universe(folder, f"p{seed}", seed, source="pilots").files for seed in (11, 12)]


def boxes(group="boxes/r0", **more):
    """Return the metadata of one box."""
    return GridMetadata(
        **{"box_size": BOX, "method": "cic", "periodic": True, "source": "boxes"},
        **{"boxes": ["r0"], "groups": [group]},
        **more,
    )


def files(pilots, kind):
    return [each[kind] for each in pilots]


@pytest.fixture(scope="module")
def trees(pilots):
    grids, matter = files(pilots, "grid"), files(pilots, "matter")
    return fit_pilots(grids, matter, cell_size=CELL, boxes=boxes())


def test_fields_are_smoothed_galaxies_and_voids_among_them():
    _, galaxies = draw_universe(1)
    overdensity = galaxies / galaxies.mean() - 1
    fields = BoxFields(**SETTINGS)
    assert fields.names == ["smoothed_3", "smoothed_6", "voids_-0.8"]
    made = dict(zip(fields.names, fields.of(overdensity, BOX), strict=True))
    np.testing.assert_allclose(made["smoothed_6"], smooth(overdensity, BOX, 6.0), atol=1e-5)
    voids = find_underdense_spheres(overdensity, BOX, threshold=-0.8, minimum_radius=6.0)
    expected = voxelize_spheres(voids.position, voids.radius, overdensity.shape, BOX)
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(made["voids_-0.8"], expected)


def test_pilots_add_the_matter_of_a_box_that_they_have_not_seen(trees):
    matter, galaxies = draw_universe(1)
    overdensity = galaxies / galaxies.mean() - 1
    fields = BoxFields(**SETTINGS, trees=trees)
    made = dict(zip(fields.names, fields.of(overdensity, BOX), strict=True))
    assert fields.names[3:] == ["matter_mean_6", "matter_lowest_6", "matter_voids_-0.5"]
    truth = smooth(matter - 1, BOX, 6.0, window="tophat")

    def correlation(field):
        return np.corrcoef(field.ravel(), truth.ravel())[0, 1]

    galaxies_alone = smooth(overdensity, BOX, 6.0, window="tophat")
    assert correlation(made["matter_mean_6"]) > max(0.8, correlation(galaxies_alone))
    assert (made["matter_lowest_6"] <= made["matter_mean_6"]).all()


@pytest.mark.parametrize("with_pilots", [False, True])
def test_the_fields_of_a_grid_file_are_made_again_for_another_box(trees, tmp_path, with_pilots):
    _, galaxies = draw_universe(1)
    fields = BoxFields(**SETTINGS, trees=trees if with_pilots else None)
    path = tmp_path / "grid.h5"
    grids = [(galaxies.astype(np.float32), int(galaxies.sum()))]
    write_grids(path, grids, boxes(), shape=galaxies.shape, fields=fields)
    again = BoxFields.read(path)
    assert again.names == fields.names
    _, galaxies = draw_universe(2)
    overdensity = (galaxies / galaxies.mean() - 1).astype(np.float32)
    for one, other in zip(again.of(overdensity, BOX), fields.of(overdensity, BOX), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_grid_file_without_fields_cannot_make_some(write_boxes):
    with pytest.raises(InputError, match=r"grid\.h5: has no fields; give a grid file"):
        BoxFields.read(write_boxes()[0])


def test_a_field_given_twice_is_refused():
    with pytest.raises(InputError, match="fields: a scale, a radius or a threshold is given twice"):
        BoxFields(**SETTINGS | {"smoothing": [2, 2.0]})


@pytest.mark.parametrize(
    ("cell_size", "group", "number", "message"),
    [
        (2 * CELL, "boxes/r0", 2, "cells of 2 Mpc/h, those of the boxes have 4 Mpc/h"),
        (CELL, "boxes/p12", 2, "p12_grid.h5: boxes/p12 is a pilot and one of the boxes"),
        (CELL, "boxes/r0", 1, "2 grid files and 1 matter files of pilot boxes"),
    ],
)
def test_pilots_that_do_not_suit_the_boxes_are_refused(pilots, cell_size, group, number, message):
    matter = files(pilots, "matter")[:number]
    with pytest.raises(InputError, match=message):
        fit_pilots(files(pilots, "grid"), matter, cell_size=cell_size, boxes=boxes(group))


def test_pilots_with_the_initial_conditions_of_a_box_are_refused(tmp_path):
    pilot = write_universe(tmp_path, "p1", 11, source="pilots", seeds=[5]).files
    given = {"grids": [pilot["grid"]], "matter": [pilot["matter"]], "cell_size": CELL}
    with pytest.raises(InputError, match="pilots have the initial conditions of boxes that are"):
        fit_pilots(**given, boxes=boxes(seeds=[5]))
    fit_pilots(**given, boxes=boxes(seeds=[6]))


@pytest.fixture
def galaxies(tmp_path):
    """Return a galaxies file of two periodic boxes."""
    random = np.random.default_rng(3)
    with hdf5_file(tmp_path / "galaxies.h5", "w") as file:
        file.attrs.update(kind="galaxies", source="boxes")
        for name in ("r0", "r1"):
            box = file.create_group(name)
            box["position"] = random.uniform(0, BOX, (4000, 3)).astype(np.float32)
            box.attrs.update(box_size=BOX, origin=(0.0,) * 3, periodic=True, group=f"boxes/{name}")
    return tmp_path / "galaxies.h5"


def test_cubes_have_the_fields_of_their_grid_as_channels(galaxies, pilots, tmp_path):
    grid = tmp_path / "grid.h5"
    given = {"pilots": files(pilots, "grid"), "pilots_matter": files(pilots, "matter")}
    grid_galaxies(galaxies, grid, cells=CELLS, fields=SETTINGS, **given)
    mass, header = read_grid(grid, 1)
    trees = fit_pilots(*given.values(), cell_size=CELL, boxes=header)
    fields = BoxFields(**SETTINGS, trees=trees)
    with h5py.File(grid) as file:
        assert list(file.attrs["fields"]) == fields.names
    overdensity = mass / np.float32(header.mean_density[1]) - 1
    expected = np.stack([overdensity, *fields.of(overdensity, BOX)], axis=-1)
    labels = tmp_path / "labels.h5"
    with hdf5_file(labels, "w") as file:
        file.attrs.update(kind="labels", labels=["matter"], periodic=True, box_size=BOX)
        file.attrs.update(boxes=["r0", "r1"], groups=list(header.groups))
        file["matter/mask"] = np.zeros((2, *[CELLS] * 3), np.uint8)
    reader = CubeReader(grid, labels, labels=["matter"], side=20, fields=fields.names)
    inside = np.ix_(np.arange(40, 60) % CELLS, np.arange(20), np.arange(5, 25))
    np.testing.assert_allclose(reader.inputs("r1", (40, 0, 5)), expected[inside], atol=1e-5)


def test_the_command_fills_in_the_settings_that_are_left_out(galaxies, tmp_path):
    words = ["voids", "grid", "--galaxies", str(galaxies), "--cells", str(CELLS)]
    grid = tmp_path / "grid.h5"
    fields = '{"smoothing": [3]}'
    done = CliRunner().invoke(main, [*words, "--fields", fields, "--output", str(grid)])
    assert done.exit_code == 0, done.output
    with h5py.File(grid) as file:
        names = list(file.attrs["fields"])
    assert names == ["smoothed_3", "voids_-0.8", "voids_-0.825", "voids_-0.85", "voids_-0.875"]


def test_a_grid_without_fields_is_as_before(galaxies, tmp_path):
    grid_galaxies(galaxies, tmp_path / "grid.h5", cells=CELLS)
    assert read_header(tmp_path / "grid.h5").periodic
    with h5py.File(tmp_path / "grid.h5") as file:
        assert list(file) == ["grid"]
        assert "fields" not in file.attrs


def test_fields_of_an_open_box_are_refused(galaxies, tmp_path):
    with hdf5_file(galaxies, "r+") as file:
        for name in ("r0", "r1"):
            file[name].attrs["periodic"] = False
    with pytest.raises(InputError, match="its box is not periodic, so fields are not defined"):
        grid_galaxies(galaxies, tmp_path / "grid.h5", cells=CELLS, fields=SETTINGS)
    assert not (tmp_path / "grid.h5").exists()


def test_a_dataset_of_cubes_hands_the_fields_to_the_network(pilots, tmp_path):
    grids = []
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        box = write_universe(tmp_path, name, seed).files
        _, galaxies = draw_universe(seed)
        overdensity = galaxies / galaxies.mean() - 1
        fields = BoxFields(**SETTINGS)
        with hdf5_file(box["grid"], "r+") as file:
            for field, values in zip(fields.names, fields.of(overdensity, BOX)):
                file[f"fields/{field}"] = values[np.newaxis].astype(np.float32)
            file.attrs.update(fields=fields.names, particles=[1000], source="boxes")
        list_cubes(
            box["grid"],
            box["labels"],
            tmp_path / f"{name}_cubes.h5",
            SubBoxGeometry(side=CELLS, depth=CELLS, stride=CELLS),
            factor=2,
        )
        grids.append(tmp_path / f"{name}_cubes.h5")
    write_dataset(grids, tmp_path / "data", fractions=(0.34, 0.33, 0.33))
    dataset = Dataset.open(tmp_path / "data")
    assert dataset.description["x_channels"] == ["overdensity", *fields.names]
    target = {"channels": ["fraction_matter_spheres"]}
    loader = Loader(dataset, "train", target=target, batch_size=1, seed=0)
    (batch,) = loader.batches(0)
    assert batch.x.shape == (1, 4, CELLS, CELLS, CELLS)
    assert set(np.unique(batch.x[0, 3])) == {0, 1}
