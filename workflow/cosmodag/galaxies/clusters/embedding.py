"""Two-dimensional map of examples by t-SNE."""

import numpy as np
from sklearn.manifold import TSNE

PERPLEXITY = 30


def tsne_map(
    features: np.ndarray, max_embedded: int, *, seed: int = 0, threads: int | None = None
) -> np.ndarray:
    """Embed examples in two dimensions so that neighbours stay neighbours.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
    max_embedded : int
        Largest number of embedded examples; of more a random sample is embedded.
    seed : int
        Seed of the sample and of t-SNE.
    threads : int, optional
        Number of threads.

    Returns
    -------
    numpy.ndarray, shape (N, 2), float64
        NaN for examples that are not embedded.

    References
    ----------
    van der Maaten & Hinton (2008), JMLR 9, 2579.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(features))[:max_embedded])
    positions = np.full((len(features), 2), np.nan)
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    # Initialization by principal components needs two dimensions.
    init = "pca" if features.shape[1] > 1 else "random"
    tsne = TSNE(perplexity=perplexity, init=init, random_state=seed, n_jobs=threads)
    positions[rows] = tsne.fit_transform(features[rows].astype(np.float32))
    return positions
