"""Summaries of the galaxies of whole boxes from which cosmological parameters can be inferred.

The power spectrum, the number and sizes of voids as spheres of low mean galaxy density, and the
one-point distribution of the smoothed density.
"""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import gaussian_filter
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.gridding.spectra import power_spectrum
from cosmodag.hdf5 import open_kind
from cosmodag.threads import numba_threads
from cosmodag.voids.baselines.whole_boxes import Sources, WholeBox, open_whole_boxes
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres

N_BINS = 12
"""Bins of the power spectrum, of equal width in ln k, some of which merge at small k."""
LARGEST_K = 0.7
"""Largest wavenumber in units of the Nyquist wavenumber of the grid."""
THRESHOLDS = (-0.7, -0.8, -0.875)
"""Mean overdensities of galaxies in voids."""
SMALLEST_RADIUS_CELLS = 3.0
"""Smallest radius of a void in cells of the grid."""
RADIUS_RATIO = 1.25
"""Ratio of the edges of bins in radius."""
N_RADII = 6
"""Bins in radius, of which the last has no upper edge."""
SMOOTHINGS = (1.0, 2.0, 4.0)
"""Standard deviations in cells of the Gaussians that smooth the density."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
"""Quantiles of the smoothed density."""

JOINED = {
    "spectrum_and_voids": ("spectrum", "void_sizes"),
    "all_statistics": ("spectrum", "void_sizes", "densities"),
}
"""Statistics that baselines see together."""
NAMES = (*JOINED["all_statistics"], *JOINED)
"""Names of all summaries."""


def box_summaries(
    sources: Sources, examples: Mapping[str, Examples], *, threads: int | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Return summaries of the whole box of each example.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        Files of the boxes, see `whole_boxes`.
    examples : mapping from split to Examples
        Examples with their index.
    threads : int, optional
        Threads of the finder and of Fourier transforms; all by default.

    Returns
    -------
    dict from str to dict from split to numpy.ndarray (N, F), float64
        ``spectrum``: logarithms of the power. ``void_sizes``: for each threshold and bin in radius
        2 sqrt(n + 3/8) of the number n of voids, whose scatter is about 1 (Anscombe 1948), and the
        fraction of the volume in voids. ``densities``: the one-point distribution of the density,
        see `one_point_distribution`. ``spectrum_and_voids`` and ``all_statistics``: these joined.

    Raises
    ------
    InputError
        A box is in none of the files.
    """
    label = _first_label(sources)
    summaries: dict[str, dict[str, np.ndarray]] = {name: {} for name in JOINED["all_statistics"]}
    with numba_threads(threads):
        for split, each in examples.items():
            rows: list[np.ndarray] = []
            found: dict[str, list[np.ndarray]] = {name: [] for name in summaries}
            boxes = open_whole_boxes(sources, label, each.index)
            for box in tqdm(boxes, desc=f"summaries, {split}", unit="box", disable=None):
                overdensity = box.galaxies(label, minimum_radius=0)
                rows.append(box.rows)
                periodic = box.files.periodic
                of_box = {
                    "spectrum": log_spectrum(box, overdensity, threads),
                    "void_sizes": void_sizes(overdensity, box.files.box_size, periodic=periodic),
                    "densities": one_point_distribution(overdensity, periodic=periodic),
                }
                for name, values in of_box.items():
                    found[name].append(np.tile(values, (len(box.rows), 1)))
            order = np.argsort(np.concatenate(rows))
            for name, of_boxes in found.items():
                summaries[name][split] = np.concatenate(of_boxes)[order]
    for joined, parts in JOINED.items():
        summaries[joined] = {
            split: np.hstack([summaries[name][split] for name in parts]) for split in examples
        }
    return summaries


def log_spectrum(box: WholeBox, overdensity: np.ndarray, threads: int | None = None) -> np.ndarray:
    """Return logarithms of the power of the galaxies, with its shot noise, (bins,)."""
    size, cells = box.files.box_size, np.asarray(box.files.cells)
    fundamental = 2 * np.pi / size.max()
    largest = LARGEST_K * np.pi / (size / cells).max()
    edges = np.geomspace(fundamental / 2, largest, N_BINS + 1)
    method = str(box.files.grid.attrs["method"])
    _, power, n_modes = power_spectrum(
        overdensity, size, method=method, edges=edges, threads=threads
    )
    return np.log(power[n_modes > 0])


def void_sizes(overdensity: np.ndarray, box_size: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return numbers of voids by threshold and radius, and the fraction of the volume in them.

    Parameters
    ----------
    overdensity : numpy.ndarray, shape (nx, ny, nz), float32
        Overdensity of the galaxies.
    box_size : numpy.ndarray, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    numpy.ndarray, shape (thresholds × (bins + 1),), float64
        2 sqrt(n + 3/8) for each bin, and the fraction of the volume, for each threshold.
    """
    smallest = SMALLEST_RADIUS_CELLS * (box_size / overdensity.shape).max()
    edges = [*(smallest * RADIUS_RATIO ** np.arange(N_RADII)), np.inf]
    values: list[float] = []
    for threshold in THRESHOLDS:
        voids = find_underdense_spheres(
            overdensity, box_size, periodic=periodic, threshold=threshold, minimum_radius=smallest
        )
        number, _ = np.histogram(voids.radius, edges)
        values += [*(2 * np.sqrt(number + 0.375)), voids.volume.sum() / box_size.prod()]
    return np.array(values)


def one_point_distribution(overdensity: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return moments and quantiles of the smoothed density (counts in cells).

    Parameters
    ----------
    overdensity : numpy.ndarray, shape (nx, ny, nz), float32
        Overdensity of the galaxies.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    numpy.ndarray, shape (smoothings × (3 + quantiles),), float64
        For each smoothing the logarithm of the standard deviation, skewness and kurtosis, and the
        quantiles of the overdensity.
    """
    values: list[float] = []
    for smoothing in SMOOTHINGS:
        smooth = gaussian_filter(overdensity, smoothing, mode="wrap" if periodic else "nearest")
        spread = float(smooth.std())
        normalized = (smooth - smooth.mean()) / spread
        values += [np.log(spread), (normalized**3).mean(), (normalized**4).mean()]
        values += [*np.quantile(smooth, QUANTILES)]
    return np.array(values, np.float64)


def _first_label(sources: Sources) -> str:
    """Return a label of the boxes, by which their files are opened."""
    path = sources["labels"][0]
    with open_kind(path, "labels") as file:
        labels = list(file.attrs["labels"])
    if not labels:
        raise InputError(f"{path}: no label in it")
    return str(labels[0])
