"""Catalogues in several files: all parts are read, and what their headers state is checked."""

import os
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pandas
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import (
    GalaxyCatalogue,
    read_galaxies,
    write_galaxies_file,
)
from tests.unit.voids.catalogues.snapshots import COLUMNS, write_snapshot


def snapshot(path, **coordinates):
    """Return the catalogue of a snapshot with a box of 100 Mpc/h."""
    box = BoxCoordinates(**{"box_size": 100, "unit": "kpc/h"} | coordinates)
    return GalaxyCatalogue(path=path, coordinates=box, columns=COLUMNS)


def positions(catalogue):
    """Read all positions of a catalogue."""
    return np.concatenate([chunk.position for chunk in read_galaxies(catalogue, chunk_rows=500)])


def refusal(path, **coordinates):
    """Return the message with which a snapshot is refused."""
    with pytest.raises(InputError) as caught:
        positions(snapshot(path, **coordinates))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_pattern_of_all_parts_is_read(tmp_path):
    expected = write_snapshot(tmp_path)
    np.testing.assert_allclose(
        positions(snapshot(tmp_path / "snap_099.*.hdf5")), expected / 1000, rtol=1e-5
    )


def test_parts_beyond_the_tenth_keep_their_order(tmp_path):
    expected = write_snapshot(tmp_path, n_parts=12)
    np.testing.assert_allclose(positions(snapshot(tmp_path / "*.hdf5")), expected / 1000, rtol=1e-5)


def test_a_part_without_particles_of_the_type_is_passed_over(tmp_path):
    expected = write_snapshot(tmp_path, empty=2)
    assert len(positions(snapshot(tmp_path / "*.hdf5"))) == len(expected)


def test_one_part_is_refused_naming_the_others_and_the_proposed_pattern_works(tmp_path):
    write_snapshot(tmp_path)
    message = refusal(tmp_path / "snap_099.1.hdf5")
    assert "one of 4 files of a snapshot" in message
    assert "without snap_099.0.hdf5, snap_099.2.hdf5, snap_099.3.hdf5;" in message
    pattern = message.rpartition("path: ")[2]
    assert len(positions(snapshot(pattern))) == 3000


def test_a_missing_part_is_named(tmp_path):
    write_snapshot(tmp_path)
    (tmp_path / "snap_099.2.hdf5").unlink()
    assert "without snap_099.2.hdf5;" in refusal(tmp_path / "*.hdf5")


def test_a_file_of_another_snapshot_is_refused(tmp_path):
    write_snapshot(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    write_snapshot(other, Time=0.5)
    shutil.copy(other / "snap_099.3.hdf5", tmp_path)
    assert "epoch 0.5, not 1.0" in refusal(tmp_path / "*.hdf5")
    shutil.copy(other / "snap_099.3.hdf5", tmp_path / "snap_098.3.hdf5")
    assert "but 5 are given" in refusal(tmp_path / "*.hdf5")


def test_whole_snapshots_are_not_joined(tmp_path):
    write_snapshot(tmp_path, n_parts=1)
    shutil.copy(tmp_path / "snap_099.0.hdf5", tmp_path / "snap_098.0.hdf5")
    assert "a whole snapshot by its header" in refusal(tmp_path / "*.hdf5")


def test_the_number_of_rows_is_that_of_the_header(tmp_path):
    write_snapshot(tmp_path, NumPart_Total=np.array([0, 3001, 0, 0, 0, 0], np.uint32))
    assert "3000 rows, but the header states 3001" in refusal(tmp_path / "*.hdf5")
    high = np.array([0, 1, 0, 0, 0, 0], np.uint32)
    write_snapshot(tmp_path, NumPart_Total_HighWord=high)
    assert f"states {3000 + 2**32}" in refusal(tmp_path / "*.hdf5")


def test_the_box_is_that_of_the_header(tmp_path):
    write_snapshot(tmp_path)
    path = tmp_path / "*.hdf5"
    assert "states a box of 100 Mpc/h" in refusal(path, box_size=75)
    assert refusal(path, box_size=75).endswith("set box_size: 100")
    assert refusal(path, unit="Mpc/h").endswith("set unit: kpc/h")
    message = refusal(path, box_size=67.74)
    assert message.endswith("set unit: kpc with hubble: 0.6774")
    assert len(positions(snapshot(path, box_size=67.74, unit="kpc", hubble=0.6774))) == 3000


def test_h_is_that_of_the_header(tmp_path):
    write_snapshot(tmp_path)
    message = refusal(tmp_path / "*.hdf5", box_size=70, unit="kpc", hubble=0.7)
    assert "states h = 0.6774, but hubble is 0.7" in message
    write_snapshot(tmp_path, HubbleParam=1.0)  # of a code whose lengths have no h
    catalogue = snapshot(tmp_path / "*.hdf5", box_size=70, unit="kpc", hubble=0.7)
    assert len(positions(catalogue)) == 3000


def test_catalogues_of_groups_state_their_files_and_rows_too(tmp_path):
    position = np.random.default_rng(5).uniform(0, 100, (600, 3))
    for number, part in enumerate(np.array_split(position, 2)):
        with h5py.File(tmp_path / f"fof.{number}.hdf5", "w") as file:
            file.create_group("Header").attrs.update(
                NumFiles=2, Ngroups_Total=600, BoxSize=100.0, Redshift=0.0
            )
            file["Group/GroupPos"] = part
    columns = [f"Group/GroupPos[{axis}]" for axis in range(3)]
    catalogue = GalaxyCatalogue(
        path=tmp_path / "fof.*.hdf5", coordinates=BoxCoordinates(box_size=100), columns=columns
    )
    assert len(positions(catalogue)) == 600
    with pytest.raises(InputError, match=r"one of 2 files .* without fof.1.hdf5"):
        positions(replace(catalogue, path=tmp_path / "fof.0.hdf5"))


def test_rejected_rows_are_listed_by_file_and_all_files_are_inputs(tmp_path):
    rng = np.random.default_rng(3)
    for name in "ab":
        frame = pandas.DataFrame(rng.uniform(0, 100, (400, 3)), columns=list("xyz"))
        frame.loc[7 if name == "b" else 2, "y"] = np.nan
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    catalogue = GalaxyCatalogue(
        path=[tmp_path / "a.csv", tmp_path / "b.csv"], coordinates=BoxCoordinates(box_size=100)
    )
    write_galaxies_file(tmp_path / "g.h5", {"a": catalogue}, source="mock")
    table = pandas.read_csv(tmp_path / "g.rejected.csv")
    assert [os.path.basename(file) for file in table["file"]] == ["a.csv", "b.csv"]
    assert table["item"].tolist() == ["row 2", "row 7"]
    with h5py.File(tmp_path / "g.h5") as file:
        assert len(file["a/position"]) == 798


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    import tracemalloc

    peaks = []
    for n_parts in (2, 20):
        folder = tmp_path / str(n_parts)
        folder.mkdir()
        write_snapshot(folder, n_parts=n_parts, n_particles=20_000 * n_parts)
        tracemalloc.start()
        for _ in read_galaxies(snapshot(folder / "*.hdf5"), chunk_rows=10_000):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 3 * peaks[0]  # the sample of positions grows to 1.5 MB


@pytest.mark.data
def test_the_header_of_a_real_fastfood_catalogue_is_compared(data_folder):
    path = data_folder / "voids" / "gals_Mr19.ff"
    catalogue = GalaxyCatalogue(path=path, coordinates=BoxCoordinates(box_size=450))
    with pytest.raises(InputError, match=r"states a box of 420 .* but box_size is 450"):
        next(read_galaxies(catalogue))


@pytest.mark.data
@pytest.mark.parametrize("side", [100, 420])
def test_a_survey_is_recognized_whatever_box_its_header_states(data_folder, side):
    path = data_folder / "voids" / "Mr19_mock_northonly.rdcz.ff"
    catalogue = GalaxyCatalogue(path=path, coordinates=BoxCoordinates(box_size=side))
    with pytest.raises(InputError, match="`cosmodag voids find --randoms FILE --cz`"):
        list(read_galaxies(catalogue))
