"""Labels files: void masks and catalogues by each definition of a void."""

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.finders.box_labels import average_cells
from cosmodag.voids.finders.labels_file import label_boxes, read_mask, read_voids
from tests.checksummed import hdf5_file

from .planted import remove_spheres

SIDE, CELLS = 80.0, 32
CENTRES, RADII = np.array([[20.0, 30.0, 3.0], [60.0, 60.0, 50.0]]), np.array([14.0, 12.0])
BOXES = ["r0000", "r0001"]
SETTINGS = {
    "matter": {"smoothing": 4.0, "threshold": -0.5},
    "spheres": {"wall_only": False},
    "underdensity": {},
    "watershed": {"minimum_radius": 10.0},
    "matter_tidal": {"smoothing": 3.0, "eigenvalue": -0.15},
    "matter_watershed": {"minimum_radius": 10.0, "ridge": 0.5},
    "catalogue": {},
}
CATALOGUE = dict.fromkeys(BOXES, (CENTRES, RADII))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Return a folder with the galaxies and the matter grid of two boxes with planted voids."""
    folder = tmp_path_factory.mktemp("inputs")
    rng = np.random.default_rng(0)
    with (
        hdf5_file(folder / "galaxies.h5", "w") as galaxies,
        hdf5_file(folder / "matter.h5", "w") as matter,
    ):
        galaxies.attrs.update(kind="galaxies", source="planted")
        groups = [f"boxes/{box}" for box in BOXES]
        matter.attrs.update(
            kind="grid",
            box_size=[SIDE] * 3,
            method="ngp",
            periodic=True,
            boxes=BOXES,
            groups=groups,
            mean_density=[3.0, 3.0],
        )
        grid = matter.create_dataset("grid", (2, CELLS, CELLS, CELLS), np.float32)
        for row, (box, group) in enumerate(zip(BOXES, groups)):
            tracers = rng.uniform(0, SIDE, (15_000, 3))
            tracers = remove_spheres(tracers, CENTRES, RADII, SIDE)
            stored = galaxies.create_group(box)
            stored["position"] = np.minimum(
                tracers.astype(np.float32), np.nextafter(80, 0, dtype="f4")
            )
            stored.attrs.update(box_size=[SIDE] * 3, origin=[0.0] * 3, periodic=True, group=group)
            counts, _ = np.histogramdd(tracers, bins=CELLS, range=[(0, SIDE)] * 3)
            grid[row] = counts / counts.mean() * 3
    return folder


@pytest.fixture(scope="module")
def labels_file(inputs):
    """Return a labels file of all definitions but one."""
    output = inputs / "labels.h5"
    label_boxes(
        output,
        labels=SETTINGS,
        mesh=CELLS // 2,
        galaxies_file=inputs / "galaxies.h5",
        matter_grid=inputs / "matter.h5",
        catalogue=CATALOGUE,
    )
    return output


@pytest.mark.parametrize("label", SETTINGS)
@pytest.mark.parametrize("box", BOXES)
def test_each_definition_finds_the_planted_voids(labels_file, label, box):
    voids, mask = read_voids(labels_file, label, box), read_mask(labels_file, label, box)
    assert len(voids) == 2
    offset = voids.position - CENTRES
    assert np.abs(offset - SIDE * np.round(offset / SIDE)).max() < 1.5
    assert mask.shape == (CELLS // 2,) * 3
    assert mask.mean() * SIDE**3 == pytest.approx(voids.volume.sum(), rel=0.15)


def test_labels_file_contains_its_boxes_labels_and_settings(labels_file):
    with h5py.File(labels_file) as file:
        assert file.attrs["kind"] == "labels"
        assert list(file.attrs["labels"]) == list(SETTINGS)
        assert list(file.attrs["boxes"]) == BOXES
        assert list(file.attrs["groups"]) == [f"boxes/{box}" for box in BOXES]
        assert file["matter/mask"].dtype == np.uint8
        assert '"smoothing": 4.0' in file["matter"].attrs["settings"]


def test_spheres_of_unions_are_written(labels_file):
    voids = read_voids(labels_file, "spheres", "r0001")
    assert len(voids.sphere_radius) >= 2
    assert set(voids.sphere_void) == {0, 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"zobov": {}}}, "zobov"),
        ({"labels": {}}, "choose from"),
        ({"labels": {"matter": SETTINGS["matter"]}, "matter_grid": None}, "grid file"),
        ({"labels": {"spheres": {}}, "galaxies_file": None}, "galaxies file"),
        ({"labels": {"catalogue": {}}, "catalogue": {"r0000": CATALOGUE["r0000"]}}, "box r0001"),
        ({"labels": {"matter": SETTINGS["matter"]}, "mesh": 12}, "does not divide"),
        ({"labels": {"matter_watershed": {}}, "matter_grid": None}, "grid file"),
        ({"labels": {"watershed": {}}, "galaxies_file": None}, "galaxies file"),
        ({"galaxies_file": None, "matter_grid": None}, "both"),
    ],
)
def test_missing_inputs_are_refused_and_no_file_is_written(inputs, tmp_path, changes, message):
    arguments = {
        "labels": SETTINGS,
        "mesh": CELLS,
        "galaxies_file": inputs / "galaxies.h5",
        "matter_grid": inputs / "matter.h5",
        "catalogue": CATALOGUE,
    }
    with pytest.raises(InputError, match=message):
        label_boxes(tmp_path / "labels.h5", **arguments | changes)
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_refused(inputs, tmp_path):
    with pytest.raises(InputError, match=r"matter.h5: its kind is 'grid'; .*'galaxies'"):
        label_boxes(
            tmp_path / "labels.h5",
            labels={"spheres": {}},
            mesh=8,
            galaxies_file=inputs / "matter.h5",
        )


def test_a_truncated_file_is_refused(inputs, tmp_path):
    truncated = tmp_path / "truncated.h5"
    truncated.write_bytes((inputs / "matter.h5").read_bytes()[:5000])
    with pytest.raises(InputError, match=r"truncated\.h5"):
        label_boxes(tmp_path / "out.h5", labels={"matter": {}}, mesh=8, matter_grid=truncated)


def test_inputs_of_different_boxes_are_refused(inputs, tmp_path):
    other = tmp_path / "galaxies.h5"
    with h5py.File(inputs / "galaxies.h5") as source, hdf5_file(other, "w") as file:
        file.attrs.update(source.attrs)
        source.copy("r0000", file)
    with pytest.raises(InputError, match="r0001"):
        label_boxes(
            tmp_path / "labels.h5",
            labels={"spheres": {}},
            mesh=8,
            galaxies_file=other,
            matter_grid=inputs / "matter.h5",
        )


def test_an_unknown_label_or_box_cannot_be_read(labels_file):
    with pytest.raises(InputError, match="no label 'walls'"):
        read_mask(labels_file, "walls", "r0000")
    with pytest.raises(InputError, match="no box 'r9'"):
        read_voids(labels_file, "matter", "r9")


def test_averaging_cells_conserves_the_mean():
    field = np.random.default_rng(0).normal(size=(8, 12, 4))
    coarse = average_cells(field, (4, 3, 2))
    assert coarse.shape == (4, 3, 2)
    assert coarse[0, 0, 0] == pytest.approx(field[:2, :4, :2].mean())
