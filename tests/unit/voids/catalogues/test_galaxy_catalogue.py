"""Galaxy catalogues: positions in Mpc/h, and one-line errors for invalid ones."""

from dataclasses import replace

import h5py
import numpy as np
import pandas
import pytest

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxies_file import describe_boxes
from cosmodag.voids.catalogues.galaxy_catalogue import (
    GalaxyCatalogue,
    read_galaxies,
    write_galaxies_file,
)

BOX = 100.0


@pytest.fixture(scope="module")
def positions():
    """Return positions that fill the box."""
    return np.random.default_rng(8).uniform(0, BOX, (5000, 3))


def save(path, positions, **columns):
    """Write a Parquet table of positions and further columns."""
    frame = pandas.DataFrame(dict(zip("xyz", np.transpose(positions))) | columns)
    frame.to_parquet(path)
    return path


def catalogue(path, *, columns=("x", "y", "z"), weight=None, cut=None, **coordinates):
    """Return the catalogue of a file with a box of 100 Mpc/h."""
    box = BoxCoordinates(**{"box_size": BOX} | coordinates)
    return GalaxyCatalogue(path=path, coordinates=box, columns=columns, weight=weight, cut=cut)


def read(path, *, dtype="f4", chunk_rows=700, **settings):
    """Read all positions and weights of a catalogue."""
    chunks = list(read_galaxies(catalogue(path, **settings), dtype=dtype, chunk_rows=chunk_rows))
    weights = [chunk.weight for chunk in chunks]
    weight = None if weights[0] is None else np.concatenate(weights)
    return np.concatenate([chunk.position for chunk in chunks]), weight


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_positions_have_the_requested_precision(tmp_path, positions, dtype):
    path = save(tmp_path / "c.parquet", positions)
    position, weight = read(path, dtype=dtype)
    np.testing.assert_array_equal(position, positions.astype(dtype))
    assert position.dtype == dtype
    assert weight is None


@pytest.mark.parametrize(("unit", "factor"), [("Mpc", 1 / 0.7), ("kpc/h", 1000), ("Mpc/h", 1)])
def test_positions_are_converted_to_mpc_over_h(tmp_path, positions, unit, factor):
    path = save(tmp_path / "c.parquet", positions * factor)
    position, _ = read(path, unit=unit, hubble=0.7)
    np.testing.assert_allclose(position, positions, rtol=1e-6)


def test_mpc_without_hubble_is_refused(tmp_path, positions):
    path = save(tmp_path / "c.parquet", positions)
    with pytest.raises(InputError, match="unit 'Mpc' needs 'hubble'"):
        read(path, unit="Mpc")


def test_origin_and_sides_may_differ_by_axis(tmp_path, positions):
    sides, origin = np.array([100.0, 200.0, 50.0]), np.array([-50.0, 30.0, 0.0])
    path = save(tmp_path / "c.parquet", positions * sides / BOX + origin)
    position, _ = read(path, box_size=sides, origin=origin)
    np.testing.assert_allclose(position, positions * sides / BOX, rtol=1e-5, atol=1e-5)


def test_a_cut_keeps_rows_within_its_bounds_with_their_weights(tmp_path, positions):
    mass = np.arange(len(positions), dtype=float)
    path = save(tmp_path / "c.parquet", positions, mass=mass, w=mass / 2)
    position, weight = read(path, weight="w", cut={"mass": {"min": 10, "max": 19}})
    np.testing.assert_array_equal(weight, mass[10:20] / 2)
    np.testing.assert_array_equal(position, positions[10:20].astype("f4"))


def test_rows_outside_the_cut_may_be_invalid(tmp_path, positions):
    invalid = positions.copy()
    invalid[7] = np.nan
    path = save(tmp_path / "c.parquet", invalid, mass=np.arange(len(positions)))
    assert len(read(path, cut={"mass": {"min": 100}})[0]) == len(positions) - 100


def test_rounding_to_float32_leaves_no_position_outside_a_periodic_box(tmp_path, positions):
    edge = positions.copy()
    edge[:3] = [[BOX, 0, BOX - 1e-9], [BOX - 1e-7, -1e-7, 1e-12], [BOX + 1e-5, -1e-5, 50]]
    position, _ = read(save(tmp_path / "c.parquet", edge))
    assert position.min() >= 0
    assert position.max() < np.float32(BOX)
    np.testing.assert_array_equal(position[0], [0, 0, 0])


def test_positions_on_the_upper_face_of_an_open_box_stay(tmp_path, positions):
    edge = positions.copy()
    edge[0] = BOX
    position, _ = read(save(tmp_path / "c.parquet", edge), periodic=False)
    np.testing.assert_array_equal(position[0], [BOX] * 3)


def test_rows_that_are_not_finite_are_left_out_and_listed(tmp_path, positions):
    invalid = positions.copy()
    invalid[1500, 1], invalid[4000, 2] = np.nan, np.inf
    path = save(tmp_path / "c.parquet", invalid)
    rejections = Rejections("rows")
    chunks = list(read_galaxies(catalogue(path), rejections=rejections, chunk_rows=700))
    usable = np.delete(positions, [1500, 4000], axis=0).astype("f4")
    np.testing.assert_array_equal(np.concatenate([chunk.position for chunk in chunks]), usable)
    assert rejections.rejected == [
        (str(path), "row 1500", "y is NaN"),
        (str(path), "row 4000", "z is inf"),
    ]
    strict = replace(catalogue(path), max_rejected=0)
    with pytest.raises(InputError, match=r"2 of 5000 rows .* the first: row 1500: y is NaN"):
        list(read_galaxies(strict))
    write_galaxies_file(tmp_path / "g.h5", {"a": catalogue(path)}, source="mock")
    table = pandas.read_csv(tmp_path / "g.rejected.csv")
    assert table["item"].tolist() == ["row 1500", "row 4000"]
    with h5py.File(tmp_path / "g.h5") as file:
        assert file["a"].attrs["n_rejected_rows"] == 2


@pytest.mark.parametrize(
    ("shift", "scale", "settings", "hint"),
    [
        (-50, 1, {}, "perhaps origin: -50?"),
        (0, 1 / 0.7, {}, "perhaps unit: Mpc with hubble"),
        (0, 1000, {}, "perhaps unit: kpc/h"),
        (0, 1, {"unit": "kpc/h"}, "perhaps unit: Mpc/h"),
        (0, 1, {"unit": "Mpc", "hubble": 0.7}, "perhaps unit: Mpc/h"),
        (0, 0.001, {}, "perhaps coordinates in Gpc/h"),
        (0, 5, {}, "99.1 % of them (the first: row 0) outside"),
    ],
)
def test_an_error_for_positions_outside_the_box_names_the_probable_cause(
    tmp_path, positions, shift, scale, settings, hint
):
    path = save(tmp_path / "c.parquet", positions * scale + shift)
    with pytest.raises(InputError) as caught:
        read(path, **settings)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_catalogues_without_galaxies_after_the_cut_are_refused(tmp_path, positions):
    path = save(tmp_path / "c.parquet", positions, mass=np.ones(len(positions)))
    with pytest.raises(InputError, match=r"no galaxies after the cut on mass \(5000 rows read\)"):
        read(path, cut={"mass": {"min": 2}})
    with pytest.raises(InputError, match=r"no galaxies \(0 rows read\)"):
        read(save(tmp_path / "e.parquet", positions[:0]))


def test_a_cut_with_unknown_bounds_is_refused(tmp_path, positions):
    path = save(tmp_path / "c.parquet", positions)
    with pytest.raises(InputError, match="takes 'min' and 'max'"):
        read(path, cut={"x": {"minimum": 2}})


def test_galaxies_file_contains_each_box_with_its_attributes(tmp_path, positions):
    path = save(tmp_path / "c.parquet", positions - 50, w=np.ones(len(positions)))
    write_galaxies_file(
        tmp_path / "g.h5",
        {
            "a": catalogue(path, weight="w", origin=-50),
            "b": catalogue(path, origin=-50, periodic=False),
        },
        source="mock",
        groups={"b": "other"},
        attributes={"a": {"omega_m": 0.3}},
    )
    with h5py.File(tmp_path / "g.h5") as file:
        assert (file.attrs["kind"], file.attrs["source"]) == ("galaxies", "mock")
        a, b = file["a"], file["b"]
        np.testing.assert_allclose(a["position"], positions, atol=1e-4)
        assert a["position"].dtype == np.float32
        assert a["weight"].shape == (5000,)
        assert "weight" not in b
        assert (a.attrs["group"], b.attrs["group"]) == ("mock/a", "other")
        assert (a.attrs["omega_m"], a.attrs["periodic"], b.attrs["periodic"]) == (0.3, True, False)
        np.testing.assert_array_equal(a.attrs["box_size"], [BOX] * 3)
        np.testing.assert_array_equal(a.attrs["origin"], [-50] * 3)
    boxes = describe_boxes(tmp_path / "g.h5")
    assert (list(boxes), boxes["b"]["galaxies"], boxes["b"]["periodic"]) == (
        ["a", "b"],
        5000,
        False,
    )


def test_a_file_that_is_no_galaxies_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone.h5: there is no such file; .*'galaxies'"):
        describe_boxes(tmp_path / "gone.h5")
    (tmp_path / "g.h5").write_text("galaxies")
    with pytest.raises(InputError, match=r"g.h5: not a whole HDF5 file"):
        describe_boxes(tmp_path / "g.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["kind"] = "grid"
    with pytest.raises(InputError, match=r"other.h5: its kind is 'grid'; .*'galaxies'"):
        describe_boxes(tmp_path / "other.h5")


def test_nothing_is_written_for_an_invalid_catalogue(tmp_path, positions):
    path = save(tmp_path / "c.parquet", positions * 1.01)
    with pytest.raises(InputError):
        write_galaxies_file(tmp_path / "out" / "g.h5", {"a": catalogue(path)}, source="mock")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.data
def test_real_fastfood_catalogue_is_read_completely(data_folder, tmp_path):
    path = data_folder / "voids" / "gals_Mr19.ff"
    position, _ = read(path, box_size=420, chunk_rows=100_000)
    assert position.shape == (1_235_904, 3)
    truncated = tmp_path / "gals.ff"
    truncated.write_bytes(path.read_bytes()[:9_000_000])
    with pytest.raises(InputError, match="truncated in the record of y"):
        read(truncated, box_size=420)


@pytest.mark.data
def test_real_text_catalogue_has_negative_coordinates(data_folder):
    path = data_folder / "voids" / "gadget_sim_100_256_wall.dat"
    assert len(read(path, origin=-50)[0]) == 7660
    with pytest.raises(InputError, match=r"perhaps origin: -50\?"):
        read(path)
