"""Boxes of matter and galaxies, split into training, validation and test."""

from collections.abc import Iterator

import pytest

from cosmodag.voids.baselines import reconstruction
from cosmodag.voids.baselines.box_examples import BoxExamples
from tests.unit.voids.baselines.boxes import LABEL, joined, sources_of, write_universe

N_TRAIN = 4


@pytest.fixture(autouse=True, scope="package")
def _few_sampled_cells() -> Iterator[None]:
    """Reconstructions that are fitted to a part of the cells, which these small boxes need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconstruction, "SAMPLED_CELLS", 20_000)
        yield


@pytest.fixture(scope="session")
def universes(tmp_path_factory):
    """Six boxes whose voids are those of their matter."""
    folder = tmp_path_factory.mktemp("universes")
    return [write_universe(folder, f"u{seed}", seed) for seed in range(N_TRAIN + 2)]


@pytest.fixture(scope="session")
def splits(universes):
    """Examples of the boxes by split."""
    *train, valid, test = universes
    return {"train": joined(*train), "valid": valid.examples, "test": test.examples}


@pytest.fixture(scope="session")
def examples(universes, splits):
    """Maps of voids of the matter."""
    return BoxExamples(sources_of(*universes), f"fraction_{LABEL}", splits)
