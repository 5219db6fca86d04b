"""Files of clusters: they assign new latents, and are plain data."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from cosmodag.errors import InputError
from cosmodag.galaxies.clusters.cluster_file import LatentClusters, read_clusters, write_clusters
from cosmodag.galaxies.clusters.cluster_models import MODELS, Centroids, Gaussians
from cosmodag.galaxies.clusters.clustering_methods import METHODS
from cosmodag.galaxies.clusters.outliers import outlier_reference
from tests.checksummed import hdf5_file


@pytest.fixture
def latents() -> np.ndarray:
    """Two well-separated clouds in four dimensions."""
    random = np.random.default_rng(0)
    return np.concatenate([random.normal(size=(120, 4)) + 6 * side for side in (0, 1)])


def fitted(latents: np.ndarray, method: str) -> LatentClusters:
    """Return the clusters in three of the four dimensions."""
    features = latents[:, [0, 1, 3]]
    setting = 0.1 if method == "hdbscan" else 2
    return LatentClusters(
        run="latent4",
        model_hash="0" * 64,
        method=method,
        active=np.array([True, True, False, True]),
        clusters=METHODS[method].fit(features, setting, 0),
        outliers=outlier_reference(features),
    )


@pytest.mark.parametrize("method", MODELS)
def test_clusters_and_scores_survive_a_round_trip(latents, method, tmp_path):
    written = fitted(latents, method)
    write_clusters(tmp_path / "clusters.h5", written)
    read = read_clusters(tmp_path / "clusters.h5")
    others = latents + 0.5 * np.random.default_rng(1).normal(size=latents.shape)
    assert (read.run, read.model_hash, read.method) == ("latent4", "0" * 64, method)
    assert set(read.predict(others)) >= {0, 1}
    for name in ("predict", "outlier_score", "rarity"):
        np.testing.assert_array_equal(getattr(read, name)(others), getattr(written, name)(others))


def test_inactive_dimensions_are_ignored(latents):
    clusters = fitted(latents, "k_means")
    other = latents.copy()
    other[:, 2] += 100
    np.testing.assert_array_equal(clusters.predict(other), clusters.predict(latents))
    np.testing.assert_array_equal(clusters.outlier_score(other), clusters.outlier_score(latents))


def test_models_agree_with_scikit_learn(latents):
    features = latents + 3 * np.random.default_rng(2).normal(size=latents.shape)
    k_means = KMeans(3, n_init=1, random_state=0).fit(features)
    centroids = Centroids(k_means.cluster_centers_)
    np.testing.assert_array_equal(centroids.predict(features), k_means.labels_)
    mixture = GaussianMixture(3, random_state=0).fit(features)
    gaussians = Gaussians(mixture.weights_, mixture.means_, mixture.covariances_)
    np.testing.assert_array_equal(gaussians.predict(features), mixture.predict(features))
    assert gaussians.negative_bic(features) == pytest.approx(-mixture.bic(features))


def test_outliers_have_high_scores_and_low_rarity(latents):
    reference = outlier_reference(latents)
    score, rarity = reference.score(latents), reference.rarity(latents)
    assert np.median(score) == pytest.approx(1, abs=0.02)
    assert np.median(rarity) == pytest.approx(0.5, abs=0.02)
    outlier = np.full((1, 4), 20.0)
    assert reference.score(outlier) > 2 * score.max()
    assert reference.rarity(outlier) == pytest.approx(1 / 241)


def test_rarity_is_a_calibrated_p_value():
    random = np.random.default_rng(3)
    train, other = random.normal(size=(2, 2000, 3))
    rarity = outlier_reference(train).rarity(other)
    for level in (0.05, 0.5):
        assert np.mean(rarity <= level) == pytest.approx(level, abs=0.03)


def test_latents_of_another_size_raise(latents):
    with pytest.raises(InputError, match="of the run latent4 with 4 latent dimensions"):
        fitted(latents, "mixture").predict(latents[:, :3])


def test_unknown_method_in_a_file_raises(latents, tmp_path):
    write_clusters(tmp_path / "clusters.h5", fitted(latents, "mixture"))
    with hdf5_file(tmp_path / "clusters.h5", "a") as file:
        file.attrs["method"] = "spectral"
    with pytest.raises(InputError, match="its method 'spectral' is none of k_means, mixture"):
        read_clusters(tmp_path / "clusters.h5")
