"""Scores of the structure of predicted ionized regions.

The cross-coherence measures at which wavenumbers a predicted map follows the true one, independent
of its amplitude. The size of bubbles is their mean free path (Mesinger & Furlanetto 2007, ApJ 669,
663): the distance from an ionized pixel to the nearest neutral one in a given direction, here along
the axes of the slice. Slices are treated as periodic.
"""

import numpy as np

from cosmodag.evaluation import bootstrap

N_BINS = 12
"""Bins of wavenumber up to the Nyquist frequency."""
_AT_ONCE = 64  # maps whose free paths are followed together
LIMITS: dict[str, tuple[float, float]] = {
    "coherence": (-1, 1),
    "bubble_distance": (0, 1),
    "bubble_ratio": (0, np.inf),
}
"""Smallest and largest possible value of each score."""


def structure_draws(
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    *,
    threshold: float,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> bootstrap.Draws:
    """Return the scores of the structure of predicted maps with their bootstrap replicas.

    The scores are `coherence`, the mean of r(k) over bins of k up to the Nyquist frequency;
    `bubble_distance`, the largest difference between the cumulative distributions of free paths
    (the Kolmogorov-Smirnov distance); and `bubble_ratio`, the predicted over the true mean free
    path.

    Parameters
    ----------
    probability : numpy.ndarray, shape (N, H, W), float
        Predicted probability that a pixel is ionized.
    truth : numpy.ndarray, shape (N, H, W), bool
        Ionized pixels.
    groups : numpy.ndarray, shape (N,)
        Group of each map; replicas are drawn over groups.
    threshold : float
        Probability from which a pixel is classified as ionized, chosen on the validation split.
    replicas : int
        Number of bootstrap replicas.
    seed : int
        Seed of the replicas.

    Returns
    -------
    bootstrap.Draws
        Values and replicas of the scores.

    Examples
    --------
    >>> truth = np.random.default_rng(0).random((6, 16, 16)) > 0.5
    >>> draws = structure_draws(truth * 0.9, truth, np.arange(6), threshold=0.5)
    >>> round(draws.values["bubble_ratio"], 3)
    1.0
    """
    sums = (
        power_sums(probability, truth, groups),
        free_path_counts(probability >= threshold, groups),
        free_path_counts(truth, groups),
    )
    return bootstrap.draw(structure_scores, sums, replicas=replicas, seed=seed)


def structure_scores(
    power: np.ndarray, predicted: np.ndarray, true: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the scores of R bootstrap replicas from their totals.

    Parameters
    ----------
    power : numpy.ndarray, shape (R, bins, 3), float64
        Totals of `power_sums`.
    predicted, true : numpy.ndarray, shape (R, lengths), float64
        Totals of `free_path_counts` of the predicted and the true maps.

    Returns
    -------
    dict from str to numpy.ndarray, shape (R,)
        Scores by name.
    """
    lengths = np.arange(1, true.shape[1] + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        distributions = [counts / counts.sum(1, keepdims=True) for counts in (predicted, true)]
        means = [distribution @ lengths for distribution in distributions]
        cumulative = [distribution.cumsum(1) for distribution in distributions]
        return {
            "coherence": coherence(power).mean(1),
            "bubble_distance": np.abs(cumulative[0] - cumulative[1]).max(1),
            "bubble_ratio": means[0] / means[1],
        }


def coherence(power: np.ndarray) -> np.ndarray:
    """Return the cross-coherence r(k).

    Parameters
    ----------
    power : numpy.ndarray, shape (..., bins, 3), float64
        Cross power and both auto powers in bins of wavenumber.

    Returns
    -------
    numpy.ndarray, shape (..., bins), float64
        r(k), -1 to 1; 0 where a map has no power.
    """
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
    """Return the cross-coherence of predicted and true maps in bins of wavenumber.

    Parameters
    ----------
    probability : numpy.ndarray, shape (N, H, W), float
        Predicted probability that a pixel is ionized.
    truth : numpy.ndarray, shape (N, H, W), bool
        Ionized pixels.
    groups : numpy.ndarray, shape (N,)
        Group of each map; replicas are drawn over groups.
    replicas : int
        Number of bootstrap replicas.
    seed : int
        Seed of the replicas.

    Returns
    -------
    list of dict
        For each bin its centre `at` in cycles per pixel, and `value`, `low` and `high` of r(k).
    """
    sums = (power_sums(probability, truth, groups),)

    def curve(power: np.ndarray) -> dict[str, np.ndarray]:
        return {str(bin): values for bin, values in enumerate(coherence(power).T)}

    draws = bootstrap.draw(curve, sums, replicas=replicas, seed=seed)
    intervals = draws.intervals({str(bin): (-1, 1) for bin in range(N_BINS)})
    return [{"at": 0.5 * (bin + 0.5) / N_BINS, **intervals[str(bin)]} for bin in range(N_BINS)]


def power_sums(first: np.ndarray, second: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the cross power of two sets of maps and their auto powers, summed over groups.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (N, H, W)
        Maps.
    groups : numpy.ndarray, shape (N,)
        Group of each map.

    Returns
    -------
    numpy.ndarray, shape (groups, bins, 3), float64
        Sums over the modes in each bin of wavenumber.
    """
    height, width = first.shape[1:]
    k = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    bins = (k / 0.5 * N_BINS).astype(int)
    inside = (bins < N_BINS) & (k > 0)
    # A mode that is not at either end of the last axis also stands for its complex conjugate.
    weight = np.full(k.shape, 2.0)
    weight[:, 0] = 1.0
    if width % 2 == 0:
        weight[:, -1] = 1.0
    bins, weight = bins[inside], weight[inside]
    sums = np.empty((len(first), N_BINS, 3))
    for row, pair in enumerate(zip(first, second)):
        a, b = (np.fft.rfft2(np.asarray(field, np.float64))[inside] for field in pair)
        powers = ((a * b.conj()).real, np.abs(a) ** 2, np.abs(b) ** 2)
        for column, power in enumerate(powers):
            sums[row, :, column] = np.bincount(bins, weight * power, N_BINS)
    return bootstrap.group_sums(groups, sums)


def free_path_counts(ionized: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the number of free paths of each length, summed over groups.

    Parameters
    ----------
    ionized : numpy.ndarray, shape (N, H, W), bool
        Ionized pixels.
    groups : numpy.ndarray, shape (N,)
        Group of each map.

    Returns
    -------
    numpy.ndarray, shape (groups, max(H, W)), float64
        Counts of the lengths 1, 2, … in pixels.
    """
    max_length = max(ionized.shape[1:])
    starts = range(0, len(ionized), _AT_ONCE)
    parts = [free_path_histogram(ionized[start : start + _AT_ONCE], max_length) for start in starts]
    return bootstrap.group_sums(groups, np.concatenate(parts))


def free_path_histogram(ionized: np.ndarray, max_length: int) -> np.ndarray:
    """Return the number of free paths of each length in maps.

    Free paths start at each ionized pixel and run in both directions along both axes.

    Parameters
    ----------
    ionized : numpy.ndarray, shape (N, H, W), bool
        Ionized pixels.
    max_length : int
        Largest length in pixels; longer paths count as this length.

    Returns
    -------
    numpy.ndarray, shape (N, max_length), float64
        Counts of the lengths 1, 2, …, `max_length`.

    Examples
    --------
    >>> mask = np.zeros((1, 8, 8), bool)
    >>> mask[0, 2, 3:5] = True
    >>> free_path_histogram(mask, 8)[:, :3].tolist()
    [[6.0, 2.0, 0.0]]
    """
    bins = max_length + 1
    counts = np.zeros(len(ionized) * bins)
    first = bins * np.arange(len(ionized))[:, np.newaxis, np.newaxis]
    for quarter_turns in range(4):
        lengths = _free_paths(np.rot90(ionized, quarter_turns, axes=(1, 2)))
        places = first + np.minimum(lengths, max_length)
        counts += np.bincount(places.ravel(), minlength=len(counts))
    return counts.reshape(len(ionized), bins)[:, 1:]


def _free_paths(ionized: np.ndarray) -> np.ndarray:
    """Return the pixels from each ionized pixel down to the first neutral one, periodically.

    Neutral pixels have length 0. In a column without a neutral pixel the length is the height.
    """
    height = ionized.shape[1]
    # The second pass over the rows continues paths across the edge.
    run = np.zeros((len(ionized), ionized.shape[2]), np.int32)
    lengths = np.zeros(ionized.shape, np.int32)
    for step in range(2 * height - 1, -1, -1):
        row = step % height
        run = (run + 1) * ionized[:, row]
        lengths[:, row] = run
    return np.minimum(lengths, height)
