"""Maps of sub-boxes and their index columns."""

import itertools
import logging

import h5py
import numpy as np
import pytest

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.errors import InputError
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from tests.checksummed import hdf5_file

OF_MAPS = ("layers", "factor", "labels", "margin_depth", "input_factor")


def cut(files, output, **settings):
    """Cut sub-boxes out of a grid file and its labels file."""
    of_maps = {name: settings.pop(name) for name in OF_MAPS if name in settings}
    return cut_sub_boxes(*files, output, SubBoxGeometry(**settings), **of_maps)


def read(path):
    """Read the inputs, the targets and the index of an examples file."""
    with h5py.File(path) as file:
        index = {
            name: column.asstr()[:] if column.dtype.kind == "O" else column[:]
            for name, column in file["index"].items()
        }
        return file["x"][:], file["y"][:], index


def corner(index, n, cell_size=2.0):
    """Return the lower corner of a sub-box in cells."""
    return [round(index[f"lower_{letter}"][n] / cell_size) for letter in "xyz"]


def region(lower, lengths, cells):
    """Return the index of a block of a periodic mesh."""
    return np.ix_(*[np.arange(a, a + n) % m for a, n, m in zip(lower, lengths, cells)])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("ratio", [1, 2])
def test_maps_equal_brute_force_sums_over_each_sub_box(write_boxes, tmp_path, axis, wrap, ratio):
    cells = (24, 20, 28)
    grid_file, labels_file = write_boxes(cells, ratio=ratio, boxes=2)
    cut(
        (grid_file, labels_file),
        tmp_path / "examples.h5",
        side=12,
        depth=6,
        stride=5,
        stride_depth=3,
        axes=[axis],
        layers=2,
        wrap=wrap,
    )
    x, y, index = read(tmp_path / "examples.h5")
    with h5py.File(grid_file) as file:
        grids, means = file["grid"][:], file.attrs["mean_density"]
    with h5py.File(labels_file) as file:
        masks = file["matter/mask"][:]
    masks = masks.repeat(ratio, 1).repeat(ratio, 2).repeat(ratio, 3)
    lengths = np.full(3, 12)
    lengths[axis] = 6
    assert len(x) > 20
    for n in range(0, len(x), 7):
        box = int(index["box"][n][1:])
        inside = region(corner(index, n), lengths, cells)
        sight_lines = np.moveaxis(grids[box][inside].astype(np.float64), axis, 0)
        expected = sight_lines.reshape(2, 3, 12, 12).mean(axis=1) / means[box] - 1
        np.testing.assert_allclose(x[n], np.moveaxis(expected, 0, -1), atol=1e-6)
        fraction = masks[box][inside].mean(axis=axis).reshape(3, 4, 3, 4).mean(axis=(1, 3))
        np.testing.assert_allclose(y[n, ..., 0], fraction, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_fields_and_margins_equal_brute_force_means(write_boxes, tmp_path, axis):
    cells = (24, 20, 28)
    grid_file, labels_file = write_boxes(cells, boxes=2)
    field = np.random.default_rng(1).normal(size=(2, *cells)).astype(np.float32)
    with hdf5_file(grid_file, "r+") as file:
        file["fields/smoothed_4"] = field
        file.attrs["fields"] = ["smoothed_4"]
        overdensity = file["grid"][:] / file.attrs["mean_density"][:, None, None, None] - 1
    settings = {"side": 12, "depth": 6, "stride": 5, "layers": 2, "margin_depth": 3}
    paths = (grid_file, labels_file)
    cut(paths, tmp_path / "examples.h5", input_factor=2, axes=[axis], wrap=True, **settings)
    x, _, index = read(tmp_path / "examples.h5")
    with h5py.File(tmp_path / "examples.h5") as file:
        places = ("before_0", "0", "1", "after_0")
        names = [f"{name}_{place}" for name in ("overdensity", "smoothed_4") for place in places]
        assert list(file.attrs["x_channels"]) == names
    lengths = np.full(3, 12)
    lengths[axis] = 6 + 2 * 3
    places = [corner(index, n) for n in range(len(x))]
    assert {0} < {place[axis] for place in places}  # some margins continue at the other end
    for n in range(0, len(x), 5):
        lower = np.array(places[n])
        lower[axis] -= 3
        inside = region(lower, lengths, cells)
        for k, mesh in enumerate((overdensity, field)):
            sight_lines = np.moveaxis(mesh[int(index["box"][n][1:])][inside], axis, 0)
            expected = sight_lines.reshape(4, 3, 6, 2, 6, 2).mean(axis=(1, 3, 5))
            found = np.moveaxis(x[n, ..., 4 * k : 4 * k + 4], -1, 0)
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_nothing_is_known_beyond_the_faces_of_an_open_box(write_boxes, tmp_path):
    paths = write_boxes((24,) * 3, periodic=False)
    settings = {"side": 12, "depth": 6, "stride": 12, "margin_depth": 6}
    with pytest.raises(InputError, match="not periodic, so nothing is known beyond their faces"):
        cut(paths, tmp_path / "examples.h5", **settings)
    assert not (tmp_path / "examples.h5").exists()


def test_published_protocol_has_10648_sub_boxes_and_the_real_box_216():
    from cosmodag.cutouts.window_positions import window_positions

    published = window_positions(1050, 224, 37, count=22)
    assert len(published) ** 3 == 10_648
    assert published[-1] + 224 <= 1050
    assert len(window_positions(420, 224, 37)) ** 3 == 216


def mirror(path, transform, names):
    """Apply a symmetry to the meshes of a file."""
    with hdf5_file(path, "r+") as file:
        for name in names:
            values = np.stack([transform(mesh) for mesh in file[name][:]])
            file[name][...] = values


@pytest.mark.parametrize("symmetry", ["rotate", "transpose"])
def test_input_and_target_share_axes(write_boxes, tmp_path, symmetry):
    cells, size = 24, 48.0
    paths = write_boxes((cells,) * 3)
    settings = {"side": 24, "depth": 12, "stride": 24, "factor": 4}
    cut(paths, tmp_path / "before.h5", **settings)
    move = {
        "rotate": lambda mesh: np.rot90(mesh, axes=(0, 1)),
        "transpose": lambda mesh: mesh.swapaxes(0, 1),
    }[symmetry]
    mirror(paths[0], move, ["grid"])
    mirror(paths[1], move, ["matter/mask"])
    with hdf5_file(paths[1], "r+") as file:
        position = file["matter/voids/r0000/position"]
        a, b, c = position[:].T
        position[...] = np.stack([size - b, a, c] if symmetry == "rotate" else [b, a, c], axis=1)
    cut(paths, tmp_path / "after.h5", **settings)
    x, y, _ = read(tmp_path / "before.h5")
    moved_x, moved_y, _ = read(tmp_path / "after.h5")
    for maps, moved in ((x, moved_x), (y, moved_y)):
        np.testing.assert_allclose(moved, np.stack([move(item) for item in maps]), atol=1e-5)
        assert not np.allclose(moved, maps, atol=1e-2)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_dense_column_and_the_void_in_it_fall_on_the_same_pixel(write_boxes, tmp_path, axis):
    grid_file, labels_file = write_boxes((24,) * 3, voids=1)
    place = [5, 9, 17]
    with hdf5_file(grid_file, "r+") as file:
        file["grid"][...] = 1
        file["grid"][0, place[0], place[1], place[2]] = 100
    with hdf5_file(labels_file, "r+") as file:
        file["matter/mask"][...] = 0
        file["matter/mask"][0, place[0], place[1], place[2]] = 1
        file["matter/voids/r0000/position"][...] = (np.array(place) + 0.5) * 2.0
    files = (grid_file, labels_file)
    cut(files, tmp_path / "e.h5", side=24, depth=24, stride=24, axes=[axis])
    x, y, _ = read(tmp_path / "e.h5")
    seen = [length for other, length in enumerate(place) if other != axis]
    assert np.unravel_index(x[0, ..., 0].argmax(), (24, 24)) == tuple(seen)
    for channel in range(2):
        peak = np.unravel_index(y[0, ..., channel].argmax(), (6, 6))
        assert peak == (seen[0] // 4, seen[1] // 4)


def test_counts_volumes_and_centres_are_those_of_the_voids_in_the_sub_box(write_boxes, tmp_path):
    grid_file, labels_file = write_boxes((24,) * 3, voids=300)
    settings = {"side": 12, "depth": 8, "stride": 6, "axes": [0, 2], "wrap": True}
    cut((grid_file, labels_file), tmp_path / "e.h5", **settings)
    _, y, index = read(tmp_path / "e.h5")
    with h5py.File(labels_file) as file:
        position = file["matter/voids/r0000/position"][:] / 2.0
        volume = file["matter/voids/r0000/volume"][:]
    for n in range(0, len(y), 5):
        lengths = np.full(3, 12)
        lengths[index["axis"][n]] = 8
        inside = ((position - corner(index, n)) % 24 < lengths).all(axis=1)
        assert index["count_matter"][n] == inside.sum()
        assert index["volume_matter"][n] == pytest.approx(volume[inside].sum(), rel=1e-6)
    across = y[..., 1].sum(axis=(1, 2))
    assert np.corrcoef(across, index["count_matter"])[0, 1] > 0.9
    assert across.mean() == pytest.approx(index["count_matter"].mean(), rel=0.05)


def test_centre_maps_of_adjoining_sub_boxes_contain_every_void_once(write_boxes, tmp_path):
    paths = write_boxes((24,) * 3, voids=300)
    cut(paths, tmp_path / "e.h5", side=12, depth=12, stride=12)
    _, y, index = read(tmp_path / "e.h5")
    assert len(y) == 8
    assert y[..., 1].sum() == pytest.approx(300, rel=1e-5)
    assert index["count_matter"].sum() == 300


def test_sub_boxes_that_straddle_regions_are_dropped_and_counted(write_boxes, tmp_path, caplog):
    paths = write_boxes((24,) * 3)
    with caplog.at_level(logging.INFO):
        count = cut(
            paths, tmp_path / "e.h5", side=8, depth=8, stride=4, stride_depth=4, regions=[2, 1, 2]
        )
    _, _, index = read(tmp_path / "e.h5")
    assert len(index["id"]) == count == 4 * 5 * 4
    assert "45 more straddle regions and were dropped" in caplog.text
    assert set(index["group"]) == {
        f"boxes/r0000/region-{i}-0-{k}" for i, k in itertools.product(range(2), repeat=2)
    }
    for axis, letter in ((0, "x"), (2, "z")):
        regions = np.array([int(group.split("-")[1 + axis]) for group in index["group"]])
        assert (index[f"lower_{letter}"] >= regions * 24.0).all()
        assert (index[f"upper_{letter}"] <= (regions + 1) * 24.0).all()


def test_sub_boxes_of_two_regions_are_separated_by_the_buffer(write_boxes, tmp_path):
    paths = write_boxes((24,) * 3, periodic=False)
    settings = {"side": 4, "depth": 4, "stride": 1, "stride_depth": 1, "regions": [2, 1, 1]}
    cut(paths, tmp_path / "e.h5", **settings, buffer=8.0)
    _, _, index = read(tmp_path / "e.h5")
    first = index["group"] == "boxes/r0000/region-0-0-0"
    gap = index["lower_x"][~first].min() - index["upper_x"][first].max()
    assert gap == pytest.approx(8.0)
    assert index["lower_x"].min() == 0


def test_at_most_maximum_sub_boxes_are_cut_per_box(write_boxes, tmp_path):
    paths = write_boxes((24,) * 3, boxes=3)
    count = cut(paths, tmp_path / "e.h5", side=8, depth=8, stride=4, axes=[0, 1, 2], maximum=10)
    x, _, index = read(tmp_path / "e.h5")
    assert count == len(x) == 30
    assert set(index["axis"]) == {0, 1, 2}
    assert len(set(index["id"])) == 30


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": 5}, "depth 8 cells does not divide by layers: 5"),
        ({"factor": 3}, "side 8 cells does not divide by factor 3"),
        ({"side": 28}, "28 cells does not fit into a grid of 24"),
        ({"stride": 0}, "stride is 0"),
        ({"axes": [3]}, "axis 3"),
        ({"labels": ["sphere"]}, "'sphere' is not among matter"),
        ({"regions": [4, 4, 4]}, "lies wholly in one of the regions"),
        ({"positions": [9, 9, 9]}, "positions: 9 along an axis where 3 fit"),
    ],
)
def test_impossible_sub_boxes_are_refused_and_no_file_is_written(
    write_boxes, tmp_path, changes, message
):
    paths = write_boxes((24,) * 3)
    settings = {"side": 8, "depth": 8, "stride": 4} | changes
    with pytest.raises(InputError, match=message):
        cut(paths, tmp_path / "e.h5", **settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid.h5", "labels.h5"]


def test_sub_boxes_of_an_open_box_cannot_wrap(write_boxes, tmp_path):
    paths = write_boxes((24,) * 3, periodic=False)
    with pytest.raises(InputError, match="wrap is set, but the box is open"):
        cut(paths, tmp_path / "e.h5", side=8, depth=8, stride=4, wrap=True)


def test_a_mask_mesh_that_does_not_divide_the_grid_is_refused(write_boxes, tmp_path):
    grid_file, labels_file = write_boxes((24,) * 3)
    with hdf5_file(labels_file, "r+") as file:
        del file["matter/mask"]
        file["matter/mask"] = np.zeros((1, 10, 10, 10), np.uint8)
    with pytest.raises(InputError, match="does not divide the grid"):
        cut((grid_file, labels_file), tmp_path / "e.h5", side=8, depth=8, stride=4)


def test_a_failed_write_leaves_no_file(write_boxes, tmp_path, monkeypatch):
    paths = write_boxes((24,) * 3)
    from cosmodag.voids.cutouts import sub_boxes

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(sub_boxes, "write_index", fail)
    with pytest.raises(OSError, match="no space"):
        cut(paths, tmp_path / "e.h5", side=8, depth=8, stride=4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid.h5", "labels.h5"]


def test_an_empty_box_is_refused(write_boxes, tmp_path):
    grid_file, labels_file = write_boxes((24,) * 3, boxes=2)
    with hdf5_file(grid_file, "r+") as file:
        file.attrs["mean_density"] = [1.0, 0.0]
    with pytest.raises(InputError, match=r"box r0001 has mean_density 0.0"):
        cut((grid_file, labels_file), tmp_path / "e.h5", side=8, depth=8, stride=8)


def test_labels_of_other_boxes_are_refused(write_boxes, tmp_path):
    grid_file, labels_file = write_boxes((24,) * 3)
    settings = {"side": 8, "depth": 8, "stride": 8}
    with hdf5_file(labels_file, "r+") as file:
        file.attrs["box_size"] = [100.0, 100.0, 100.0]
    with pytest.raises(InputError, match=r"labels.h5: box_size .* differs"):
        cut((grid_file, labels_file), tmp_path / "e.h5", **settings)
    with hdf5_file(labels_file, "r+") as file:
        file.attrs["boxes"] = ["r0007"]
    with pytest.raises(InputError, match=r"box r0000 of .* has no labels"):
        cut((grid_file, labels_file), tmp_path / "e.h5", **settings)


def test_a_truncated_or_mistaken_grid_file_is_refused(write_boxes, tmp_path):
    grid_file, labels_file = write_boxes((24,) * 3)
    settings = {"side": 8, "depth": 8, "stride": 8}
    with pytest.raises(InputError, match=r"labels.h5: its kind is 'labels'; .*'grid' is needed"):
        cut((labels_file, labels_file), tmp_path / "e.h5", **settings)
    grid_file.write_bytes(grid_file.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"grid.h5: not a whole HDF5 file"):
        cut((grid_file, labels_file), tmp_path / "e.h5", **settings)
