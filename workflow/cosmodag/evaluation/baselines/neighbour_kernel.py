"""Prediction from the nearest training examples in a space, weighted by their distance.

A prediction is the reference (the training mean, or a trend) plus the weighted mean of what the
nearest examples deviate from it, with the weight of a prior that pulls far predictions back to the
reference: near a border between two regions it follows the structures that cross it, and elsewhere
it claims nothing. Length, prior and number of neighbours are chosen on the validation split, where
"nothing" is one of the choices.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from cosmodag.evaluation.baselines.positions import Places, Space, Units

NEIGHBOURS = 32
"""Largest number of neighbours."""
_COUNTS = (1, 2, 4, 8, 16, 32)
_PRIORS = (0.03, 0.3, 3.0)
_LENGTHS = 8
_TREND_SHARE = 50
"""The trend is the mean over one of this many parts of the training examples of a domain."""
_LEAST_TREND = 32
_CHUNK = 50_000
"""Units predicted at once."""


class Kernel(NamedTuple):
    """How neighbours are weighted.

    Attributes
    ----------
    n_neighbours : int
        Number of neighbours.
    length : float
        Standard deviation of the Gaussian weights; infinite for equal weights.
    prior : float
        Weight of the reference beside neighbours whose weight is 1 at no distance.
    """

    n_neighbours: int
    length: float
    prior: float

    def average(self, distance: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return weighted means, (U, K), of values (U, n, K) at distances (U, n)."""
        distance, values = distance[:, : self.n_neighbours], values[:, : self.n_neighbours]
        known = np.isfinite(distance)
        weight = np.where(
            known, np.exp(-0.5 * (np.where(known, distance, 0) / self.length) ** 2), 0
        )
        total = weight.sum(1) + self.prior
        mean = np.einsum("un,unk->uk", weight, values) / np.maximum(total, 1e-300)[:, np.newaxis]
        return np.where((total > 0)[:, np.newaxis], mean, 0.0)


class Fitted(NamedTuple):
    """A space and kernel chosen on the validation split.

    Attributes
    ----------
    memory : _Memory
        The training split in the chosen space.
    kernel : Kernel or None
        None predicts the reference.
    """

    memory: "_Memory"
    kernel: Kernel | None

    @property
    def space(self) -> Space:
        """The chosen space."""
        return self.memory.space

    def reference(self, units: Units) -> np.ndarray:
        """Return what is predicted without knowledge of near examples, (U, K)."""
        return self.memory.reference(self.space.places(units))

    def predict(self, units: Units) -> np.ndarray:
        """Return the prediction of each unit, (U, K) float64."""
        places = self.space.places(units)
        predicted = self.memory.reference(places)
        if self.kernel is not None:
            for rows in _chunks(len(predicted)):
                distance, values = self.memory.find(_taken(places, rows), self.kernel.n_neighbours)
                predicted[rows] += self.kernel.average(distance, values)
        return predicted


def fit(
    spaces: Sequence[Space], train: Units, target: np.ndarray, valid: Units, truth: np.ndarray
) -> Fitted:
    """Choose the space and the kernel of least squared error on the validation split.

    Parameters
    ----------
    spaces : sequence of Space
        Spaces to choose from; at least one.
    train, valid : Units
    target, truth : numpy.ndarray, shapes (U, K)
        Their values. Errors are in units of the scatter of each column.
    """
    scale = np.maximum(target.std(0), 1e-12)
    best, best_ratio = None, 1.0
    for space in spaces:
        memory = _Memory(space, train, target)
        places = space.places(valid)
        reference = memory.reference(places)
        error = np.sum(((truth - reference) / scale) ** 2)
        best = best or Fitted(memory, None)
        distance, values = memory.find(places, NEIGHBOURS)
        if error == 0 or not np.isfinite(distance).any():
            continue
        for kernel in _kernels(distance):
            predicted = reference + kernel.average(distance, values)
            ratio = np.sum(((truth - predicted) / scale) ** 2) / error
            if ratio < best_ratio:
                best, best_ratio = Fitted(memory, kernel), ratio
    if best is None:
        raise ValueError("no space")
    return best


class _Memory:
    """Deviations of the training split from their reference, by place."""

    def __init__(self, space: Space, train: Units, target: np.ndarray):
        self.space, places = space, space.places(train)
        target = np.asarray(target, np.float64)
        self.mean = target.mean(0)
        self.trends: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        if space.trend:
            for name, rows in _by_domain(places.domains):
                rows = rows[np.argsort(places.points[rows, 0], kind="stable")]
                total = np.cumsum(np.vstack([0 * target[:1], target[rows]]), axis=0)
                self.trends[name] = places.points[rows, 0], total
        points, domains = places.points, places.domains
        deviation = target - self.reference(places)
        if not points.any():  # only domains matter: one place each, with the mean of its examples
            domains, code, n = np.unique(domains, return_inverse=True, return_counts=True)
            total = np.zeros((len(domains), deviation.shape[1]))
            np.add.at(total, code, deviation)
            points, deviation = points[: len(domains)], total / n[:, np.newaxis]
        self.deviation = deviation
        self.period = places.period
        self.trees = {}
        for name, rows in _by_domain(domains):
            tree = cKDTree(
                self._wrapped(points[rows]),
                boxsize=self.period,
                balanced_tree=False,
                compact_nodes=False,
            )
            self.trees[name] = tree, rows

    def _wrapped(self, points: np.ndarray) -> np.ndarray:
        if self.period is None:
            return points
        wrapped = points % self.period
        return np.where(wrapped >= self.period, 0.0, wrapped)

    def reference(self, places: Places) -> np.ndarray:
        """Return the training mean, or the trend, (U, K)."""
        reference = np.tile(self.mean, (len(places.points), 1))
        if not self.trends:
            return reference
        for name, rows in _by_domain(places.domains):
            if name not in self.trends:
                continue
            points, total = self.trends[name]
            width = min(max(_LEAST_TREND, len(points) // _TREND_SHARE), len(points))
            middle = np.searchsorted(points, places.points[rows, 0])
            first = np.clip(middle - width // 2, 0, len(points) - width)
            reference[rows] = (total[first + width] - total[first]) / width
        return reference

    def find(self, places: Places, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return distances (U, n) and deviations (U, n, K) of the nearest training units."""
        n_units, n_columns = len(places.points), self.deviation.shape[1]
        distance = np.full((n_units, count), np.inf)
        values = np.zeros((n_units, count, n_columns))
        for name, rows in _by_domain(places.domains):
            if name not in self.trees:
                continue
            tree, members = self.trees[name]
            n = min(count, tree.n)
            near, nearest = tree.query(
                self._wrapped(places.points[rows]), k=np.arange(1, n + 1), workers=-1
            )
            distance[rows, :n] = near
            values[rows, :n] = self.deviation[members[nearest]]
        return distance, values


def _kernels(distance: np.ndarray) -> Iterator[Kernel]:
    """Yield kernels to choose from, for the distances of validation units."""
    yield from (Kernel(count, np.inf, 0.0) for count in _COUNTS)
    positive = distance[np.isfinite(distance) & (distance > 0)]
    if not len(positive):
        yield from (Kernel(NEIGHBOURS, 1.0, prior) for prior in _PRIORS)
        return
    shortest, longest = np.quantile(positive, [0.02, 0.98])
    for length in np.geomspace(shortest, max(longest, 1.001 * shortest), _LENGTHS):
        yield from (Kernel(NEIGHBOURS, float(length), prior) for prior in _PRIORS)


def _by_domain(domains: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the domains and the rows in each, in the order of their names."""
    order = np.argsort(domains, kind="stable")
    names, first = np.unique(domains[order], return_index=True)
    yield from zip(names, np.split(order, first[1:]))


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, count, _CHUNK))


def _taken(places: Places, rows: slice) -> Places:
    return Places(places.points[rows], places.domains[rows], places.period)
