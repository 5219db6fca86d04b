"""How what a finder sees on the validation split becomes predictions of the target."""

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression

from cosmodag.cutouts.known_pixels import flat_pixels
from cosmodag.evaluation import map_scores


class MapCalibration:
    """Probabilities of masks from the fraction of each pixel inside voids, by isotonic regression.

    Parameters
    ----------
    fractions : numpy.ndarray, shape (N, *map), float32
        Fractions of the validation split.
    truth : numpy.ndarray, shape (N, *map), bool or float
        Its masks, NaN in unknown pixels.
    """

    spread = None

    def __init__(self, fractions: np.ndarray, truth: np.ndarray):
        self._curve = IsotonicRegression(out_of_bounds="clip")
        inside, seen = flat_pixels(truth, fractions)
        self._curve.fit(seen, inside)

    @staticmethod
    def loss(fractions: np.ndarray, truth: np.ndarray) -> float:
        """Return minus the largest Matthews correlation of any threshold."""
        return -map_scores.largest_mcc(fractions, truth)

    def predict(self, fractions: np.ndarray) -> np.ndarray:
        """Return probabilities, float32, with the shape of the fractions."""
        return self._curve.predict(fractions.ravel()).reshape(fractions.shape).astype(np.float32)


class NumberCalibration:
    """Expected numbers from those that a finder counts, by a linear fit.

    Parameters
    ----------
    counted : numpy.ndarray, shape (N,), float64
        Numbers counted in the validation split.
    truth : numpy.ndarray, shape (N,)
        Its true numbers.

    Attributes
    ----------
    spread : float
        Standard deviation of the error on the validation split.
    """

    def __init__(self, counted: np.ndarray, truth: np.ndarray):
        self._line = LinearRegression().fit(counted[:, np.newaxis], truth)
        self.spread = float(np.std(self.predict(counted) - truth))

    @classmethod
    def loss(cls, counted: np.ndarray, truth: np.ndarray) -> float:
        """Return the standard deviation of the error."""
        return cls(counted, truth).spread

    def predict(self, counted: np.ndarray) -> np.ndarray:
        """Return expected numbers, shape (N,), float32."""
        return self._line.predict(counted[:, np.newaxis]).astype(np.float32)


Calibration = MapCalibration | NumberCalibration

CALIBRATIONS: dict[str, type[Calibration]] = {
    "fraction": MapCalibration,
    "count": NumberCalibration,
    "volume": NumberCalibration,
}
"""Calibrations by the quantity of a target, such as that of ``fraction_matter_spheres``."""
