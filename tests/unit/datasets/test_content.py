"""Copies of examples are found by their content, whatever their name and orientation."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.content import content_hashes, count_copies, shared_content


@pytest.mark.parametrize("shape", [(7,), (6, 6), (4, 6), (5, 5, 5), (4, 4, 6)])
def test_hashes_agree_for_mirrored_and_transposed_inputs_alone(shape):
    x = np.random.default_rng(0).normal(size=(30, *shape, 2)).astype(np.float32)
    hashes = content_hashes(x)
    assert len(set(hashes)) == 30
    space = range(1, len(shape) + 1)
    for axis in space:
        assert content_hashes(np.flip(x, axis)) == hashes
    assert content_hashes(np.moveaxis(x, 1, len(shape))) == hashes
    assert content_hashes(x[..., ::-1]) != hashes  # channels are not exchanged


def test_one_value_decides():
    x = np.zeros((2, 8, 8, 1), np.float32)
    x[:, 3, 4] = [[1.0], [np.nextafter(np.float32(1), np.float32(2))]]
    first, second = content_hashes(x)
    assert first != second


def test_inputs_that_are_constant_in_space_have_no_hash():
    assert content_hashes(np.full((1, 4, 4, 2), [1.0, 2.0], np.float32)) == [""]


def test_negative_zero_is_zero():
    x = np.zeros((2, 4, 4, 1), np.float32)
    x[:, 0, 0], x[1, 2, 2] = 1, -0.0
    assert len(set(content_hashes(x))) == 1


def test_copies_across_splits_are_leaks_and_those_within_one_are_counted():
    index = pd.DataFrame({"id": list("abcdef"), "content": ["x", "x", "y", "y", "", ""]})
    within = index.assign(split=["train", "train", "test", "test", "train", "test"])
    assert shared_content(within) == []
    assert count_copies(within) == 2
    across = index.assign(split=["train", "test", "test", "test", "train", "test"])
    (leak,) = shared_content(across)
    assert leak.startswith("content shared between splits: 2 examples are copies")
    assert "a (train) and b (test)" in leak
    assert count_copies(across) == 1
    assert shared_content(across.drop(columns="content")) == []
