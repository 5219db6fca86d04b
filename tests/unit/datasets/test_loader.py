"""Batches: their order, their parts per rank, their augmentation and targets."""

import itertools

import numpy as np
import pytest
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.folder import read_split
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.errors import InputError

MAPS = {"channels": ["fraction_matter", "centres_matter"]}


def make(folder, split="train", *, transform=None, augment=None, **settings):
    settings = {"batch_size": 6, "seed": 3, "target": MAPS, "shuffle": True} | settings
    preprocessing = Preprocessing(transform, augment)
    return Loader(Dataset.open(folder), split, preprocessing=preprocessing, **settings)


def order(loader, epoch, start=0):
    return [batch.rows.tolist() for batch in loader.batches(epoch, start)]


def test_batches_contain_the_examples_of_their_rows(dataset):
    x, y, index = read_split(dataset, "train")
    loader = make(dataset)
    rows = []
    for batch in loader.batches(0):
        np.testing.assert_array_equal(batch.x.numpy(), x[batch.rows].transpose(0, 3, 1, 2))
        np.testing.assert_array_equal(batch.y.numpy(), y[batch.rows].transpose(0, 3, 1, 2))
        rows.extend(batch.rows)
    assert sorted(rows) == list(range(len(index)))
    assert len(list(loader.batches(0))) == len(loader)


def test_batches_are_float32_and_channels_last_in_memory(dataset):
    batch = next(make(dataset).batches(0))
    assert batch.x.dtype == batch.y.dtype == torch.float32
    assert batch.x.is_contiguous(memory_format=torch.channels_last)
    assert batch.rows.dtype == np.int64


def test_the_order_depends_on_seed_and_epoch_alone(dataset):
    assert order(make(dataset), 1) == order(make(dataset), 1)
    assert order(make(dataset), 1) != order(make(dataset), 2)
    assert order(make(dataset), 1) != order(make(dataset, seed=4), 1)
    plain = list(itertools.chain(*order(make(dataset, shuffle=False), 1)))
    assert plain == sorted(plain)


@pytest.mark.parametrize("world_size", [1, 2, 3, 6])
def test_the_order_is_the_same_for_any_number_of_ranks(dataset, world_size):
    parts = [
        order(make(dataset, rank=rank, world_size=world_size), 5) for rank in range(world_size)
    ]
    for whole, *shares in zip(order(make(dataset), 5), *parts):
        joined = [
            row for row in itertools.chain(*itertools.zip_longest(*shares)) if row is not None
        ]
        assert joined == whole


@pytest.mark.parametrize("start", [0, 1, 3, 4])
def test_resuming_at_a_batch_equals_the_uninterrupted_order(dataset, start):
    loader = make(dataset, augment="symmetries")
    uninterrupted = list(loader.batches(2))
    resumed = list(make(dataset, augment="symmetries").batches(2, start))
    assert len(resumed) == len(uninterrupted) - start
    for before, after in zip(uninterrupted[start:], resumed):
        np.testing.assert_array_equal(before.rows, after.rows)
        assert torch.equal(before.x, after.x)
        assert torch.equal(before.y, after.y)


@pytest.mark.parametrize("augment", ["symmetries", "shifts", ["symmetries", "shifts"]])
def test_input_and_target_are_augmented_alike(dataset, augment):
    loader = make(dataset, augment=augment)
    x, _, _ = read_split(dataset, "train")
    changed = 0
    for batch in loader.batches(0):
        for image, target, row in zip(batch.x.numpy(), batch.y.numpy(), batch.rows):
            # The target without augmentation is every second pixel of the input. A flip moves that
            # pixel to another corner of each 2×2 block, but to the same one in all blocks.
            corners = [image[0, i::2, j::2] for i in (0, 1) for j in (0, 1)]
            assert any(np.array_equal(corner, target[0]) for corner in corners)
            changed += not np.array_equal(image.transpose(1, 2, 0), x[row])
    assert changed > len(x) / 2


def test_all_eight_symmetries_occur_and_change_with_the_epoch(dataset):
    from cosmodag.datasets.augmentation import apply_symmetries

    square = np.arange(16.0).reshape(1, 4, 4, 1).repeat(8, axis=0)
    assert len({item.tobytes() for item in apply_symmetries(square, np.arange(8))}) == 8
    loader = make(dataset, augment="symmetries", shuffle=False)
    first, second = (torch.cat([batch.x for batch in loader.batches(e)]) for e in (0, 1))
    assert not torch.equal(first, second)


def test_columns_of_the_index_are_targets_too(dataset):
    loader = make(dataset, target={"columns": ["count_matter"]}, augment="symmetries")
    for batch in loader.batches(0):
        expected = loader.index["count_matter"].to_numpy(np.float32)[batch.rows]
        np.testing.assert_array_equal(batch.y.numpy(), expected[:, np.newaxis])


def test_channels_are_in_the_order_of_their_names(dataset):
    both = next(make(dataset).batches(0)).y
    swapped = next(make(dataset, target={"channels": MAPS["channels"][::-1]}).batches(0)).y
    assert torch.equal(both.flip(1), swapped)


@pytest.mark.parametrize("name", ["standardise", "log1p", "arcsinh"])
def test_transformed_training_maps_have_mean_0_and_deviation_1(dataset, name):
    loader = make(dataset, transform=name)
    x = torch.cat([batch.x for batch in loader.batches(0)])
    torch.testing.assert_close(x.mean(dim=(0, 2, 3)), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(x.std(dim=(0, 2, 3)), torch.ones(2), atol=1e-3, rtol=0)


def test_a_function_may_be_the_transform(dataset):
    plain = next(make(dataset).batches(0)).x
    doubled = next(make(dataset, transform=lambda maps: 2 * maps).batches(0)).x
    assert torch.equal(2 * plain, doubled)


def test_closing_an_epoch_early_stops_its_thread(dataset):
    import threading

    batches = make(dataset, batch_size=1).batches(0)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("loader")]


def test_an_error_while_reading_reaches_the_caller(dataset):
    def fail(_):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        next(make(dataset, transform=fail).batches(0))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"split": "training"}, "split 'training' is not known"),
        ({"target": {"channels": ["voids"]}}, "channel 'voids' is not among fraction_matter"),
        ({"target": {"columns": ["volume"]}}, "column 'volume' is not among"),
        ({"target": {"columns": ["group"]}}, "column 'group' is not among"),
        ({"target": {}}, "give either channels, columns or input"),
        ({"batch_size": 5, "world_size": 2}, "batch_size 5 does not divide among 2 ranks"),
        ({"transform": "square"}, "transform 'square' is not known"),
        ({"augment": ["mirror"]}, "augment 'mirror' is not known"),
    ],
)
def test_wrong_settings_are_named(dataset, wrong, words):
    with pytest.raises(InputError, match=words):
        make(dataset, **wrong)


def test_a_folder_without_a_dataset_is_named(tmp_path):
    with pytest.raises(InputError, match=r"dataset.json: there is no such file"):
        make(tmp_path)
