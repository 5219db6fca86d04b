"""Reconstruction of the matter in whole periodic boxes from their galaxies.

Boosted trees predict the matter of each cell of the mesh of the labels from the galaxy overdensity
around it, smoothed on several scales, at the cell and its neighbours, and from the best linear
combination of these, which is a Wiener filter. They are fitted to simulated matter of the training
boxes. A training box itself is reconstructed by trees that were fitted without it, so what is
fitted to reconstructions sees errors of the same size in training boxes and in others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.whole_boxes import (
    MATTER,
    BoxKey,
    WholeBox,
    open_whole_boxes,
    read_matter,
)
from cosmodag.voids.checks import OF_MATTER
from cosmodag.voids.fields.matter_trees import (
    SAMPLED_CELLS,
    MatterTrees,
    Sample,
    sample_cells,
)

FOLDS = 3
"""Parts of the training boxes, each of which is reconstructed by trees fitted to the others."""
LARGEST_BOX = 256**3
"""Most cells of a mesh, whose features have to fit into memory."""


@dataclass(frozen=True)
class Reconstruction:
    """Reconstructed matter of the boxes of examples.

    Nothing is fitted before the first box is reconstructed. Of the training boxes the last one is
    kept, of the others all, which takes less memory than their examples.

    Parameters
    ----------
    examples : BoxExamples
        Examples, whose truth is not used.
    seed : int
        Seed of samples, folds and trees.
    """

    examples: BoxExamples
    seed: int = 0
    _trees: dict[int | None, MatterTrees] = field(default_factory=dict, repr=False)
    _kept: dict[BoxKey, np.ndarray] = field(default_factory=dict, repr=False)

    def check(self) -> None:
        """Refuse examples whose matter cannot be reconstructed without seeing the test split.

        Raises
        ------
        InputError
        """
        examples = self.examples
        if examples.label not in OF_MATTER:
            raise InputError(f"voids of {examples.label} are not defined by the matter")
        if not examples.sources.get(MATTER):
            raise InputError("the matter of the training boxes was not given")
        shared = examples.boxes("train") & (examples.boxes("valid") | examples.boxes("test"))
        if shared:
            raise InputError(
                f"box {min(shared)[1]} has training examples and others, so its matter as a whole "
                "must not be fitted to"
            )

    def matter(self, box: WholeBox) -> np.ndarray:
        """Return the reconstructed matter overdensity of a box, by trees that have not seen it.

        Returns
        -------
        numpy.ndarray, shape of the mesh of the label, float32
        """
        if box.key in self._kept:
            return self._kept[box.key]
        _check_box(box, self.examples.label)
        galaxies = box.galaxies(self.examples.label)
        matter = self.trees_for(box.key).reconstruct(galaxies, box.files.box_size)
        for key in self._samples:
            self._kept.pop(key, None)
        self._kept[box.key] = matter
        return matter

    def trees_for(self, key: BoxKey) -> MatterTrees:
        """Return the trees that reconstruct a box: for a training box, those without its fold."""
        fold = self.folds.get(key)
        if fold not in self._trees:
            samples = [
                s for key, s in self._samples.items() if fold is None or self.folds[key] != fold
            ]
            if not samples:
                raise InputError("there is one training box; reconstructions need two or more")
            self._trees[fold] = MatterTrees(samples, seed=self.seed)
        return self._trees[fold]

    @cached_property
    def folds(self) -> dict[BoxKey, int]:
        """Fold of each training box."""
        keys = sorted(self._samples)
        order = np.random.default_rng(self.seed).permutation(len(keys))
        return {key: int(place) % FOLDS for key, place in zip(keys, order)}

    @cached_property
    def _samples(self) -> dict[BoxKey, Sample]:
        """Sampled cells of the training boxes."""
        return dict(self._sample_boxes())

    def _sample_boxes(self) -> Iterator[tuple[BoxKey, Sample]]:
        """Sample the cells of one training box after the other."""
        self.check()
        examples = self.examples
        per_box = SAMPLED_CELLS // len(examples.boxes("train"))
        index = examples.splits["train"].index
        for number, box in enumerate(open_whole_boxes(examples.sources, examples.label, index)):
            _check_box(box, examples.label)
            galaxies = box.galaxies(examples.label)
            matter = read_matter(examples.sources, box.key, box.mesh_shape(examples.label))
            random = np.random.default_rng([self.seed, number])
            yield box.key, sample_cells(galaxies, matter, box.files.box_size, per_box, random)


def _check_box(box: WholeBox, label: str) -> None:
    """Refuse a box that is not periodic or too large."""
    if not box.files.periodic:
        raise InputError("the boxes are not periodic")
    shape = box.mesh_shape(label)
    if np.prod(shape) > LARGEST_BOX:
        raise InputError(
            f"the mesh of the labels has {' × '.join(map(str, shape))} cells, more than "
            f"{LARGEST_BOX:,} whose matter is reconstructed"
        )
