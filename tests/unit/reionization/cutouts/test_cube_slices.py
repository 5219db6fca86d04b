"""Slices equal the cells of their cube and have the correct classes, flags and groups."""

import dataclasses

import h5py
import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.audit import audit_split
from cosmodag.datasets.examples import open_examples
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file
from cosmodag.reionization.cubes.cubes_file import (
    FIELDS,
    CubesFile,
    CubesHeader,
    create_cubes,
)
from cosmodag.reionization.cubes.neutral_fraction import estimate_neutral_fraction
from cosmodag.reionization.cubes.realizations import realization_seed
from cosmodag.reionization.cutouts.cube_slices import cut_slices
from cosmodag.reionization.cutouts.instrument import Instrument, beam_sigma, observe
from cosmodag.reionization.cutouts.slice_geometry import SliceGeometry

N, BOX, HUBBLE = 16, 32.0, 0.7
REDSHIFTS, ESCAPES = (9.0, 7.0), (0.07, 0.1)
GEOMETRY = {field.name for field in dataclasses.fields(SliceGeometry)}


def write_cubes(
    path, redshift, *, realizations=4, axes=(0, 1, 2), fields=FIELDS, escapes=ESCAPES, **draws
):
    """Write a cubes file of random fields with one ionized plane in the first realization."""
    rng = np.random.default_rng(int(10 * redshift))
    header = CubesHeader(
        redshift, BOX, N, tuple(range(realizations)), escapes, axes, HUBBLE, 0.3, "random", **draws
    )
    with create_file(path, "cubes") as file:
        datasets = create_cubes(file, header, fields)
        for name, dataset in datasets.items():
            dataset[...] = rng.uniform(0, 1, dataset.shape)
            if name != "density":
                dataset[0, 0, ..., 5, :, :] = 0
    return path


@pytest.fixture
def cubes(tmp_path):
    return [write_cubes(tmp_path / f"z{z:g}.h5", z) for z in REDSHIFTS]


def cut(cubes, **settings):
    output = cubes[0].parent / "slices.h5"
    geometry = {name: settings.pop(name) for name in GEOMETRY & set(settings)}
    cut_slices(cubes, output, SliceGeometry(**geometry), **settings)
    with open_examples([output]) as examples:
        x, y = examples.read(np.arange(len(examples.index)))
        return x, y, examples.index, examples.files[0].attributes


def read_dataset(path, field):
    with h5py.File(path) as file:
        return file[field][:]


def test_slices_equal_the_cells_of_their_cube(cubes):
    x, _, index, _ = cut(cubes, channels=list(FIELDS), stride_depth=3)
    files = dict(zip(REDSHIFTS, cubes))
    assert len(x) == 2 * 4 * 2 * 3 * 6
    for row in np.random.default_rng(1).choice(len(x), 30, replace=False):
        example = index.iloc[row]
        s = int(example["group"].removeprefix("s0-"))
        f = ESCAPES.index(example["escape_fraction"])
        path, axis = files[example["redshift"]], example["axis"]
        for channel, position in enumerate(((s, f, axis), (s,), (s, f))):
            cube = read_dataset(path, FIELDS[channel])[position]
            expected = np.take(cube, example["slice"], axis)
            np.testing.assert_array_equal(x[row, ..., channel], expected)


def test_the_index_describes_each_slice(cubes):
    _, _, index, attributes = cut(cubes)
    first = index.set_index("id").loc["s0-0003/z07.00/f0.100/a2/i004"]
    assert first["group"] == first["box"] == "s0-0003"
    assert first["seed"] == realization_seed(0, 3)
    assert (first["redshift_class"], first["escape_fraction_class"]) == (0, 1)
    assert (first["axis"], first["slice"], first["distorted_axis"]) == (2, 4, 2)
    lower = first[["lower_x", "lower_y", "lower_z"]].tolist()
    upper = first[["upper_x", "upper_y", "upper_z"]].tolist()
    cell = BOX * HUBBLE / N
    np.testing.assert_allclose(lower, [0, 0, 4 * cell])
    np.testing.assert_allclose(upper, [BOX * HUBBLE, BOX * HUBBLE, 5 * cell])
    assert attributes["redshifts"] == [7.0, 9.0]
    assert attributes["escape_fractions"] == [0.07, 0.1]
    assert attributes["cell_size"] == 2.0
    assert index["id"].is_unique


def test_the_index_contains_the_neutral_fractions_of_cube_and_slice(cubes):
    _, y, index, _ = cut(cubes, target="ionized")
    neutral = read_dataset(cubes[1], "neutral_fraction")[2, 1]
    here = index[(index["id"].str.startswith("s0-0002/z07.00/f0.100/a1"))]
    np.testing.assert_allclose(here["neutral_fraction"], neutral.mean(), rtol=1e-5)
    np.testing.assert_allclose(here["slice_neutral_fraction"], neutral.mean(axis=(0, 2)), rtol=1e-5)
    for row, place in zip(here.index, here["slice"]):
        np.testing.assert_allclose(y[row, ..., 0], 1 - neutral[:, place], atol=1e-6)


def test_slices_without_neutral_gas_are_flagged(cubes):
    for settings in ({}, {"channels": ["density"]}, {"instrument": Instrument(True, 3.0)}):
        _, _, index, _ = cut(cubes, **settings)
        flagged = index[index["all_zero"] == 1]
        assert set(flagged["id"]) == {f"s0-0000/z{z:05.2f}/f0.070/a0/i005" for z in REDSHIFTS}


def test_the_instrument_observes_along_the_line_of_sight(cubes):
    x, _, index, attributes = cut(cubes, instrument=Instrument(True, 5.0, 1.0))
    settings = {"cell_size": BOX * HUBBLE / N, "redshift": 9.0, "omega_m": 0.3}
    for axis in range(3):
        cube = read_dataset(cubes[0], "brightness_temperature")[1, 0, axis]
        observed = observe(cube, Instrument(True, 5.0, 1.0), axis=axis, **settings)
        here = index[index["id"].str.startswith(f"s0-0001/z09.00/f0.070/a{axis}")]
        np.testing.assert_allclose(x[here.index, ..., 0], np.moveaxis(observed, axis, 0), atol=1e-6)
    assert (attributes["beam"], attributes["wedge"]) == (5.0, 1.0)


def test_a_line_of_sight_without_a_cube_uses_the_first_cube(tmp_path):
    path = write_cubes(tmp_path / "z.h5", 8.0, axes=(2,))
    x, _, index, _ = cut([path], axes=[0])
    assert set(index["distorted_axis"]) == {2}
    cube = read_dataset(path, "brightness_temperature")[0, 0, 0]
    np.testing.assert_array_equal(x[:N, ..., 0], cube)


def test_cells_of_zero_temperature_are_ionized_in_files_of_temperature_alone(tmp_path):
    path = write_cubes(tmp_path / "z.h5", 8.0, fields=FIELDS[:1])
    _, y, index, _ = cut([path], target="ionized", axes=[0])
    dark = index["id"] == "s0-0000/z08.00/f0.070/a0/i005"
    assert (y[dark] == 1).all()
    assert (y[~dark] == 0).all()


def test_the_neutral_fraction_is_estimated_from_temperature_and_density(tmp_path):
    path = write_cubes(tmp_path / "z.h5", 8.0, fields=FIELDS[:2])
    _, y, index, _ = cut([path], channels=["density"], target="ionized", axes=[0])
    temperature = read_dataset(path, "brightness_temperature")[1, 0, 0]
    with CubesFile(path) as file:
        expected = estimate_neutral_fraction(temperature, file.read("density", 1), file.header)
    here = index.index[index["group"].eq("s0-0001") & index["escape_fraction"].eq(0.07)]
    np.testing.assert_allclose(y[here, ..., 0], 1 - expected, atol=1e-6)
    assert index.loc[here, "neutral_fraction"].to_numpy() == pytest.approx(expected.mean())


def test_patches_of_a_quarter_make_64_blocks(cubes):
    x, _, index, _ = cut(cubes[:1], side=4, axes=[2], escape_fractions=[0.1])
    assert x.shape == (4 * 16 * 16, 4, 4, 1)
    corners = index[["lower_x", "lower_y"]].drop_duplicates()
    assert len(corners) == 16
    cube = read_dataset(cubes[0], "brightness_temperature")[2, 1, 2]
    (row,) = index.index[index["id"] == "s0-0002/z09.00/f0.100/a2/i007/p008-004"]
    np.testing.assert_array_equal(x[row, ..., 0], cube[8:12, 4:8, 7])


def test_the_numbers_of_realizations_and_slices_can_be_limited(cubes):
    _, _, index, _ = cut(cubes, realizations=1, maximum=5)
    assert set(index["group"]) == {"s0-0000"}
    assert index.groupby(["redshift", "escape_fraction"]).size().tolist() == [5] * 4


def test_each_position_occurs_once_per_redshift_and_escape_fraction(cubes):
    _, _, index, _ = cut(cubes, stride_depth=3)
    classes = index.groupby(["group", "axis", "slice"])[["redshift_class", "escape_fraction_class"]]
    pairs = classes.apply(lambda rows: sorted(map(tuple, rows.to_numpy().tolist())))
    assert all(pair == [(0, 0), (0, 1), (1, 0), (1, 1)] for pair in pairs)


def test_regions_of_one_realization_are_groups(tmp_path):
    path = write_cubes(tmp_path / "z.h5", 8.0, realizations=1)
    _, _, index, _ = cut([path], side=4, regions=[2, 2, 1])
    assert index["group"].nunique() == 4
    assert "seed" not in index  # all regions have the same seed
    splits = index.assign(split=np.where(index["group"] == "s0-0000/region-0-0-0", "test", "train"))
    assert audit_split(splits) == []


def test_the_beam_decides_how_far_regions_lie_apart(tmp_path):
    """Cells within six standard deviations of a beam share what it smoothed."""
    path = write_cubes(tmp_path / "z.h5", 8.0, realizations=1)
    _, _, _, sharp = cut([path], side=4, regions=[2, 2, 1])
    _, _, _, smooth = cut([path], side=4, regions=[2, 2, 1], instrument=Instrument(beam=10.0))
    assert sharp["structure_size"] < smooth["structure_size"]
    assert smooth["structure_size"] == pytest.approx(6 * beam_sigma(10.0, 8.0, 0.3))


def test_regions_of_a_box_without_its_wedge_are_refused(tmp_path):
    path = write_cubes(tmp_path / "z.h5", 8.0, realizations=1)
    with pytest.raises(InputError, match=r"removed from the whole box.*leave out regions"):
        cut([path], side=4, regions=[2, 2, 1], instrument=Instrument(wedge=1.0))


def test_drawn_parameters_become_columns_in_the_place_of_classes(tmp_path):
    names = ("redshift", "escape_fraction", "turnover_mass")
    values = {0: (7.5, 0.07, 1e8, 9.0, 0.1, 1e9), 1: (8.0, 0.05, 1e9, 7.0, 0.2, 1e10)}
    paths = [
        write_cubes(
            tmp_path / f"draw{draw}.h5",
            0.0,
            realizations=2,
            escapes=(0.0,),
            drawn=names,
            log_drawn=("turnover_mass",),
            drawn_values=values[draw],
            draw=draw,
        )
        for draw in values
    ]
    x, _, index, attributes = cut(paths, stride_depth=8, instrument=Instrument(beam=5.0))
    assert not {"redshift_class", "escape_fraction_class"} & set(index)
    here = index[index["id"].str.startswith("s0-0001/draw1/z07.00/f0.200/a2")]
    assert here["id"].tolist() == [f"s0-0001/draw1/z07.00/f0.200/a2/i{i:03d}" for i in (0, 8)]
    assert index["id"].is_unique
    columns = [*names, "log_turnover_mass"]
    np.testing.assert_allclose(here[columns], [[7.0, 0.2, 1e10, 10.0]] * 2)
    assert attributes["redshifts"] == [7.0, 7.5, 8.0, 9.0]
    assert attributes["escape_fractions"] == [0.05, 0.07, 0.1, 0.2]
    cube = read_dataset(paths[1], "brightness_temperature")[1, 0, 2]
    settings = {"cell_size": BOX * HUBBLE / N, "redshift": 7.0, "omega_m": 0.3}
    observed = observe(cube, Instrument(beam=5.0), axis=2, **settings)
    np.testing.assert_allclose(
        x[here.index, ..., 0], observed[..., [0, 8]].T.swapaxes(1, 2), atol=1e-6
    )
    with pytest.raises(InputError, match="each realization has its own escape fraction"):
        cut(paths, escape_fractions=[0.07])


def test_a_split_by_realization_has_no_leaks_but_one_by_slice_has(cubes, tmp_path):
    _, _, index, _ = cut(cubes, stride_depth=4)
    description = write_dataset([tmp_path / "slices.h5"], tmp_path / "group")
    assert description["leaks"] == []
    assert description["examples"][0]["redshifts"] == [7.0, 9.0]
    description = write_dataset([tmp_path / "slices.h5"], tmp_path / "random", protocol="random")
    leaks = " ".join(description["leaks"])
    assert "seed shared" in leaks
    assert "volumes shared between splits in box s0-0000" in leaks
    table = pd.read_parquet(tmp_path / "random" / "index.parquet")
    assert len(table) == len(index)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": ["temperature"]}, "has no temperature"),
        ({"channels": []}, "must be some of"),
        ({"target": "voids"}, "target 'voids' is not known"),
        ({"side": 20}, "does not fit into a grid of 16 cells"),
        ({"escape_fractions": [0.2]}, "no cubes of escape fraction 0.2; there are 0.07, 0.1"),
        ({"axes": [3]}, "axis 3 is no line of sight"),
    ],
)
def test_impossible_settings_are_refused_and_nothing_is_written(cubes, settings, message):
    with pytest.raises(InputError, match=message):
        cut(cubes, **settings)
    assert not (cubes[0].parent / "slices.h5").exists()


def test_files_with_different_parameters_are_refused(cubes, tmp_path):
    other = write_cubes(tmp_path / "other.h5", 8.0, escapes=(0.07, 0.2))
    with pytest.raises(InputError, match=r"escape_fractions .* differs"):
        cut([*cubes, other])
