"""Whether predicted ionized regions have the structure of the true ones.

The cross-coherence tells at which wavenumbers a predicted map follows the true one, whatever its
amplitude. The sizes of bubbles are told by their mean free path (Mesinger & Furlanetto 2007, ApJ
669, 663): how far one gets from an ionized pixel before the first neutral one, here along the axes
of the slice. Slices count as periodic.
"""

import numpy as np

from cosmodag.evaluation import bootstrap

RINGS = 12
LIMITS = {
    "coherence": (-1, 1),
    "bubble_distance": (0, 1),
    "bubble_ratio": (0, np.inf),
}


def structure_draws(
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    *,
    threshold: float,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> bootstrap.Draws:
    """Scores of the structure of predicted maps with replicas over groups.

    Parameters
    ----------
    probability : array of shape (N, H, W)
        Of a pixel being ionized.
    truth : bool array of shape (N, H, W)
    groups : array of shape (N,)
    threshold : float
        Probability from which a pixel counts as ionized; chosen on validation.
    replicas, seed
        As `cosmodag.evaluation.bootstrap.draw` takes them.

    Returns
    -------
    Draws
        `coherence`, the mean of r(k) over rings of k up to the Nyquist frequency;
        `bubble_distance`, the largest difference of the cumulated distributions of free paths
        (Kolmogorov & Smirnov); `bubble_ratio`, predicted over true mean free path.
    """
    sums = (
        power_sums(probability, truth, groups),
        path_sums(probability >= threshold, groups),
        path_sums(truth, groups),
    )
    return bootstrap.draw(scores, sums, replicas=replicas, seed=seed)


def scores(power: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
    """All scores of R sets of totals: power (R, rings, 3), free paths (R, lengths) of both."""
    lengths = np.arange(1, true.shape[1] + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [each / each.sum(1, keepdims=True) for each in (predicted, true)]
        means = [share @ lengths for share in shares]
        return {
            "coherence": coherence(power).mean(1),
            "bubble_distance": np.abs(shares[0].cumsum(1) - shares[1].cumsum(1)).max(1),
            "bubble_ratio": means[0] / means[1],
        }


def coherence(power: np.ndarray) -> np.ndarray:
    """Cross-coherence r(k) of totals (..., rings, 3) of cross and both auto powers; 0 for none."""
    scale = np.sqrt(power[..., 1] * power[..., 2])
    return np.divide(power[..., 0], scale, out=np.zeros_like(scale), where=scale > 0)


def coherence_curve(
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> list[dict]:
    """r(k) in each ring with its interval: `at` (cycles a pixel), `value`, `low`, `high`."""
    sums = (power_sums(probability, truth, groups),)

    def curve(power: np.ndarray) -> dict[str, np.ndarray]:
        return {str(ring): each for ring, each in enumerate(coherence(power).T)}

    draws = bootstrap.draw(curve, sums, replicas=replicas, seed=seed)
    found = draws.intervals({str(ring): (-1, 1) for ring in range(RINGS)})
    return [{"at": 0.5 * (n + 0.5) / RINGS, **found[str(n)]} for n in range(RINGS)]


def power_sums(first: np.ndarray, second: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Cross power of two sets of maps and the power of each, in rings of k, (G, rings, 3)."""
    height, width = first.shape[1:]
    k = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    ring = (k / 0.5 * RINGS).astype(int)
    inside = (ring < RINGS) & (k > 0)
    # Modes that rfft leaves out mirror the others.
    weight = np.full(k.shape, 2.0)
    weight[:, 0] = 1.0
    if width % 2 == 0:
        weight[:, -1] = 1.0
    ring, weight = ring[inside], weight[inside]
    rows = np.empty((len(first), RINGS, 3))
    for row, pair in enumerate(zip(first, second)):
        a, b = (np.fft.rfft2(np.asarray(each, np.float64))[inside] for each in pair)
        powers = ((a * b.conj()).real, np.abs(a) ** 2, np.abs(b) ** 2)
        for column, power in enumerate(powers):
            rows[row, :, column] = np.bincount(ring, weight * power, RINGS)
    return bootstrap.group_sums(groups, rows)


def path_sums(ionized: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Number of free paths of each length, 1 to the longer side of a map, of each group."""
    most = max(ionized.shape[1:])
    rows = np.stack([path_histogram(each, most) for each in ionized])
    return bootstrap.group_sums(groups, rows)


def path_histogram(ionized: np.ndarray, most: int) -> np.ndarray:
    """Number of free paths of each length 1 … `most` in one map, along both ways of both axes."""
    count = np.zeros(most + 1)
    for turn in range(4):
        lengths = _free_paths(np.rot90(ionized, turn))
        count += np.bincount(np.minimum(lengths, most).ravel(), minlength=most + 1)
    return count[1:]


def _free_paths(ionized: np.ndarray) -> np.ndarray:
    """Pixels from each ionized pixel down to the first neutral one, going round; 0 where neutral.

    A column without any neutral pixel counts its length.
    """
    height = len(ionized)
    # Twice round: the second time each pixel knows what comes after the edge.
    run = np.zeros(ionized.shape[1], int)
    lengths = np.zeros(ionized.shape, int)
    for step in range(2 * height - 1, -1, -1):
        row = step % height
        run = np.where(ionized[row], run + 1, 0)
        lengths[row] = run
    return np.minimum(lengths, height)
