"""Reconstruction of the matter from galaxies."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.baselines import reconstruction
from cosmodag.voids.baselines.reconstruction import Reconstruction
from cosmodag.voids.baselines.whole_boxes import open_whole_boxes, read_matter
from cosmodag.voids.fields import matter_trees
from cosmodag.voids.finders.smoothing import smooth_each
from tests.checksummed import hdf5_file
from tests.unit.voids.baselines.boxes import (
    BOX,
    CELLS,
    LABEL,
    joined,
    sources_of,
    write_universe,
)


def reconstruct(examples, split):
    """Return the reconstructed matter of the boxes of a split, by name."""
    made = Reconstruction(examples)
    boxes = open_whole_boxes(examples.sources, LABEL, examples.splits[split].index)
    return {box.key[1]: made.matter(box) for box in boxes}


@pytest.fixture(scope="module")
def reconstructed(examples):
    """The reconstructed matter of the boxes of the validation and the test split, by name."""
    return {split: reconstruct(examples, split) for split in ("valid", "test")}


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def with_matter_of(examples, tmp_path, name, change):
    """Return the examples with the matter of one box changed in a copy of its file."""
    files = []
    for path in examples.sources["matter"]:
        with h5py.File(path) as file:
            if file.attrs["boxes"][0] == name:
                path = tmp_path / path.name
                with hdf5_file(path, "w") as copy:
                    copy["grid"] = change(file["grid"][:])
                    copy.attrs.update(file.attrs)
        files.append(path)
    return replace(examples, sources={**examples.sources, "matter": files})


def mirrored(grid):
    """Return a grid in which matter is where there was none."""
    return grid.max() - grid


def test_the_matter_is_reconstructed_better_than_by_smoothed_galaxies(examples, reconstructed):
    index = examples.splits["test"].index
    (box,) = open_whole_boxes(examples.sources, LABEL, index)
    matter = read_matter(examples.sources, box.key, (CELLS,) * 3)
    (found,) = reconstructed["test"].values()
    for box in open_whole_boxes(examples.sources, LABEL, index):
        smoothed = list(smooth_each(box.galaxies(LABEL), BOX, matter_trees.SCALES))
    best = max(correlation(each, matter) for each in smoothed)
    assert best > 0.5
    assert correlation(found, matter) > best + 0.05


def test_a_training_box_is_reconstructed_by_trees_that_have_not_seen_it(examples, tmp_path):
    before = reconstruct(examples, "train")
    after = reconstruct(with_matter_of(examples, tmp_path, "u0", mirrored), "train")
    np.testing.assert_array_equal(before["u0"], after["u0"])
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    assert len(changed) >= 2


def test_other_boxes_are_reconstructed_by_trees_that_have_seen_all_training_boxes(
    examples, reconstructed, tmp_path
):
    (before,) = reconstructed["test"].values()
    for name in ("u0", "u1", "u2", "u3"):
        (after,) = reconstruct(with_matter_of(examples, tmp_path, name, mirrored), "test").values()
        assert not np.array_equal(before, after)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_matter_of_validation_and_test_boxes_is_not_used(
    examples, reconstructed, universes, split
):
    *train, _, _ = universes
    sources = {**examples.sources, "matter": sources_of(*train)["matter"]}
    (with_all,) = reconstructed[split].values()
    (without,) = reconstruct(replace(examples, sources=sources), split).values()
    np.testing.assert_array_equal(with_all, without)


def test_matter_on_a_finer_grid_is_averaged(examples):
    key = ("boxes/u0", "u0")
    fine, coarse = (read_matter(examples.sources, key, (n,) * 3) for n in (CELLS, CELLS // 2))
    halves = fine.reshape([CELLS // 2, 2] * 3).mean((1, 3, 5))
    np.testing.assert_allclose(coarse, halves, atol=1e-5)


def test_a_missing_training_box_is_named(examples):
    matter = [path for path in examples.sources["matter"] if "u2" not in path.name]
    with pytest.raises(InputError, match="the matter of box u2 is in none of the given files"):
        reconstruct(replace(examples, sources={**examples.sources, "matter": matter}), "test")


def test_voids_of_galaxies_are_refused(examples):
    with pytest.raises(InputError, match="voids of spheres are not defined by the matter"):
        Reconstruction(replace(examples, target="fraction_spheres")).check()


def test_boxes_without_matter_are_refused(examples):
    sources = {kind: examples.sources[kind] for kind in ("grid", "labels")}
    with pytest.raises(InputError, match="the matter of the training boxes was not given"):
        Reconstruction(replace(examples, sources=sources)).check()


@pytest.mark.parametrize("split", ["valid", "test"])
def test_regions_of_a_box_in_several_splits_are_refused(examples, split):
    """Trees that have seen a box have seen all its regions."""
    splits = {k: v._replace(index=v.index.copy()) for k, v in examples.splits.items()}
    for number, name in enumerate(("train", split)):
        of_u0 = splits[name].index.iloc[:10].index
        splits[name].index.loc[of_u0, "box"] = "u0"
        splits[name].index.loc[of_u0, "group"] = f"boxes/u0/region-{number}"
    with pytest.raises(InputError, match="box u0 has training examples and others"):
        Reconstruction(replace(examples, splits=splits)).check()


def test_one_training_box_suffices_for_others_and_not_for_itself(examples, universes):
    alone = replace(examples, splits={**examples.splits, "train": universes[0].examples})
    assert reconstruct(alone, "test")
    with pytest.raises(InputError, match="one training box"):
        reconstruct(alone, "train")


def test_open_boxes_are_refused(universes, examples, tmp_path):
    box = write_universe(tmp_path, "open", 9, periodic=False)
    splits = {**examples.splits, "train": joined(universes[0], box)}
    sources = sources_of(*universes, box)
    with pytest.raises(InputError, match="the boxes are not periodic"):
        reconstruct(replace(examples, sources=sources, splits=splits), "test")


def test_large_boxes_are_refused(examples, monkeypatch):
    monkeypatch.setattr(reconstruction, "LARGEST_BOX", 40**3)
    with pytest.raises(InputError, match="the mesh of the labels has 48 × 48 × 48 cells"):
        reconstruct(examples, "test")
