"""Groups outlive the process that found them, and tell others theirs without any code in a file."""

import h5py
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from cosmodag.errors import InputError
from cosmodag.galaxies.clusters.choice import METHODS
from cosmodag.galaxies.clusters.grouping_file import KeptGrouping, read_grouping, write_grouping
from cosmodag.galaxies.clusters.groupings import KINDS, Centres, Gaussians
from cosmodag.galaxies.clusters.outliers import surroundings


@pytest.fixture
def latents() -> np.ndarray:
    random = np.random.default_rng(0)
    return np.concatenate([random.normal(size=(120, 4)) + 6 * side for side in (0, 1)])


def kept(latents: np.ndarray, method: str) -> KeptGrouping:
    used = latents[:, [0, 1, 3]]
    setting = 0.1 if method == "hdbscan" else 2
    grouping = METHODS[method].fit(used, setting, 0)
    in_use = np.array([True, True, False, True])
    return KeptGrouping("latent4", "0" * 64, method, in_use, grouping, surroundings(used))


@pytest.mark.parametrize("method", KINDS)
def test_groups_and_scores_read_back_are_the_same(latents, method, tmp_path):
    written = kept(latents, method)
    write_grouping(tmp_path / "grouping.h5", written)
    read = read_grouping(tmp_path / "grouping.h5")
    others = latents + 0.5 * np.random.default_rng(1).normal(size=latents.shape)
    assert (read.run, read.model, read.method) == ("latent4", "0" * 64, method)
    assert set(read.predict(others)) >= {0, 1}
    for name in ("predict", "outlier_score", "rarity"):
        np.testing.assert_array_equal(getattr(read, name)(others), getattr(written, name)(others))


def test_numbers_not_in_use_change_nothing(latents, tmp_path):
    grouping = kept(latents, "k_means")
    other = latents.copy()
    other[:, 2] += 100
    np.testing.assert_array_equal(grouping.predict(other), grouping.predict(latents))
    np.testing.assert_array_equal(grouping.outlier_score(other), grouping.outlier_score(latents))


def test_plain_arrays_tell_the_groups_that_the_library_does(latents):
    features = latents + 3 * np.random.default_rng(2).normal(size=latents.shape)
    means = KMeans(3, n_init=1, random_state=0).fit(features)
    np.testing.assert_array_equal(Centres(means.cluster_centers_).predict(features), means.labels_)
    fit = GaussianMixture(3, random_state=0).fit(features)
    plain = Gaussians(fit.weights_, fit.means_, fit.covariances_)
    np.testing.assert_array_equal(plain.predict(features), fit.predict(features))
    assert plain.criterion(features) == pytest.approx(-fit.bic(features))


def test_what_is_unlike_all_that_training_saw_scores_high_and_is_rare(latents):
    around = surroundings(latents)
    score, rarity = around.score(latents), around.rarity(latents)
    assert np.median(score) == pytest.approx(1, abs=0.02)
    assert np.median(rarity) == pytest.approx(0.5, abs=0.02)
    odd = np.full((1, 4), 20.0)
    assert around.score(odd) > 2 * score.max()
    assert around.rarity(odd) == pytest.approx(1 / 241)


def test_others_of_the_same_law_are_as_rare_as_they_should_be():
    random = np.random.default_rng(3)
    train, other = random.normal(size=(2, 2000, 3))
    rarity = surroundings(train).rarity(other)
    for part in (0.05, 0.5):
        assert np.mean(rarity <= part) == pytest.approx(part, abs=0.03)


def test_latents_of_another_size_are_refused(latents):
    with pytest.raises(InputError, match="the grouping is of 4 numbers, those of the run latent4"):
        kept(latents, "mixture").predict(latents[:, :3])


def test_a_file_of_a_method_that_is_not_known_is_refused(latents, tmp_path):
    write_grouping(tmp_path / "grouping.h5", kept(latents, "mixture"))
    with h5py.File(tmp_path / "grouping.h5", "a") as file:
        file.attrs["method"] = "spectral"
    with pytest.raises(InputError, match="its method 'spectral' is none of k_means, mixture"):
        read_grouping(tmp_path / "grouping.h5")
