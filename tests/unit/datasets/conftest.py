"""A small examples file, and the dataset made of it."""

import numpy as np
import pytest

from cosmodag.cutouts.examples_file import create_examples, write_index
from tests.checksummed import hdf5_file


@pytest.fixture
def write_examples(tmp_path):
    """Return a function that writes an examples file whose first pixels number the examples."""

    def write(name="examples.h5", groups=6, members=7, side=8, channels=2, **columns):
        random = np.random.default_rng(groups)
        count = groups * members
        path = tmp_path / name
        with hdf5_file(path, "w") as file:
            x, y = create_examples(
                file,
                experiment="voids",
                count=count,
                x_shape=(side, side, channels),
                y_shape=(side // 2, side // 2, 2),
                x_channels=[f"layer_{channel}" for channel in range(channels)],
                y_channels=["fraction_matter", "centres_matter"],
            )
            x[...] = random.normal(3, 2, x.shape)
            x[:, 0, 0, 0] = np.arange(count)
            # The target is the input at half the resolution, so that maps can be compared.
            y[...] = x[:][:, ::2, ::2, :1] * [1, 10]
            stem = path.stem
            write_index(
                file,
                {
                    "id": [f"{stem}/{number}" for number in range(count)],
                    "group": [f"{stem}/group-{number // members}" for number in range(count)],
                    "count_matter": random.poisson(9, count),
                    **columns,
                },
            )
        return path

    return write


@pytest.fixture
def dataset(write_examples, tmp_path):
    """Return a dataset folder of 42 examples in 6 groups, 4 per shard."""
    from cosmodag.datasets.shards import write_dataset

    write_dataset([write_examples()], tmp_path / "dataset", shard_size=4)
    return tmp_path / "dataset"
