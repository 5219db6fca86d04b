"""Top-1 hits among candidates of the same class."""

import numpy as np
import pytest

from cosmodag.reionization.evaluation.retrieval import top_1_hits

ONE_CLASS = np.zeros((4, 1))


def test_the_most_similar_candidate_of_the_same_class_is_a_hit():
    embeddings = np.concatenate([np.eye(4), np.eye(4)], 1)
    np.testing.assert_array_equal(top_1_hits(embeddings, ONE_CLASS, 4, 0), 1)
    swapped = np.concatenate([np.eye(4), np.eye(4)[[1, 0, 2, 3]]], 1)
    np.testing.assert_array_equal(top_1_hits(swapped, ONE_CLASS, 4, 0), [0, 0, 1, 1])
    # The swapped examples are of different classes, so each ties with its only rival.
    classes = np.array([[0], [1], [0], [1]])
    np.testing.assert_array_equal(top_1_hits(swapped, classes, 4, 0), [0.5, 0.5, 1, 1])


def test_a_tie_of_m_candidates_counts_one_over_m():
    identical, one_class = np.ones((5, 2)), np.zeros((5, 1))
    np.testing.assert_allclose(top_1_hits(identical, one_class, 5, 0), 1 / 5)
    np.testing.assert_allclose(top_1_hits(identical, one_class, 2, 0), 1 / 2)


def test_an_example_without_rivals_has_no_result():
    hits = top_1_hits(np.ones((3, 2)), np.array([[0], [0], [1]]), 3, 0)
    assert np.isnan(hits).tolist() == [False, False, True]


def test_random_embeddings_have_the_accuracy_of_chance():
    embeddings = np.random.default_rng(0).normal(size=(2000, 8))
    for n_candidates in (4, 16):
        hits = top_1_hits(embeddings, np.zeros((2000, 1)), n_candidates, 1)
        assert hits.mean() == pytest.approx(1 / n_candidates, abs=0.02)


def test_candidates_depend_on_the_seed_only():
    classes, embeddings = np.zeros((60, 1)), np.random.default_rng(0).normal(size=(60, 8))
    hits = top_1_hits(embeddings, classes, 8, 3)
    np.testing.assert_array_equal(hits, top_1_hits(2 * embeddings, classes, 8, 3))
    assert not np.array_equal(hits, top_1_hits(embeddings, classes, 8, 4))
