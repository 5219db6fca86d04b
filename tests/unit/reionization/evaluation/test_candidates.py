"""The right one among candidates of the same class."""

import numpy as np
import pytest

from cosmodag.reionization.evaluation.candidates import top_1


def test_the_likest_of_the_same_class_is_found():
    vectors = np.concatenate([np.eye(4), np.eye(4)], 1)
    np.testing.assert_array_equal(top_1(vectors, np.zeros((4, 1)), 4, 0), 1)
    swapped = np.concatenate([np.eye(4), np.eye(4)[[1, 0, 2, 3]]], 1)
    np.testing.assert_array_equal(top_1(swapped, np.zeros((4, 1)), 4, 0), [0, 0, 1, 1])
    # The two that are mistaken for each other are of different classes: each ties with the other.
    apart = np.array([[0], [1], [0], [1]])
    np.testing.assert_array_equal(top_1(swapped, apart, 4, 0), [0.5, 0.5, 1, 1])


def test_a_tie_counts_its_share():
    alike = np.ones((5, 2))
    np.testing.assert_allclose(top_1(alike, np.zeros((5, 1)), 5, 0), 1 / 5)
    np.testing.assert_allclose(top_1(alike, np.zeros((5, 1)), 2, 0), 1 / 2)


def test_an_example_without_a_rival_is_not_asked():
    assert np.isnan(top_1(np.ones((3, 2)), np.array([[0], [0], [1]]), 3, 0)).tolist() == [
        False,
        False,
        True,
    ]


def test_guessing_finds_one_in_as_many_as_there_are_candidates():
    vectors = np.random.default_rng(0).normal(size=(2000, 8))
    for candidates in (4, 16):
        found = top_1(vectors, np.zeros((2000, 1)), candidates, 1)
        assert found.mean() == pytest.approx(1 / candidates, abs=0.02)


def test_all_methods_are_asked_the_same():
    y, one = np.zeros((60, 1)), np.random.default_rng(0).normal(size=(60, 8))
    np.testing.assert_array_equal(top_1(one, y, 8, 3), top_1(2 * one, y, 8, 3))
    assert not np.array_equal(top_1(one, y, 8, 3), top_1(one, y, 8, 4))
