"""Thermal noise of a radio interferometer on slices of the 21-cm sky.

Drawn from (seed, split, epoch, example) alone: training sees a new sky of noise in every epoch,
validation and test always the same one, and training that continues after an interruption sees what
it would have seen.
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import fft

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError

NOISY = "brightness_temperature"
"""The channel that an interferometer measures."""

_STREAMS = {"train": 2, "valid": 3, "test": 4}
# A Gaussian's full width at half maximum in standard deviations.
_WIDTHS = float(np.sqrt(8 * np.log(2)))


class ThermalNoise:
    """Gaussian noise without a mean, which an interferometer does not measure.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels of the input.
    split : {"train", "valid", "test"}
        The noise of splits is independent.
    rms : float
        Standard deviation of a pixel in mK, after the beam. The SKA is to reach about 1 mK on
        scales of several arcmin in 1000 hours (Koopmans et al. 2015, arXiv:1505.07568); finer
        pixels have more.
    beam : float
        Full width at half maximum of the Gaussian beam that correlates neighbouring pixels, in
        pixels; 0 leaves them independent.
    seed : int
        Of the training split; validation and test are the same for runs of all seeds.

    Raises
    ------
    InputError
        If the input has no brightness temperature, or a value is negative.
    """

    def __init__(
        self, channels: Sequence[str], split: str, *, rms: float, beam: float = 0.0, seed: int = 0
    ):
        if NOISY not in channels:
            raise InputError(
                f"noise: the input of the dataset holds {', '.join(channels)}, not the {NOISY} "
                "that an interferometer measures; leave noise out"
            )
        if rms < 0 or beam < 0:
            raise InputError(f"noise: rms {rms} mK and beam {beam} pixels must not be negative")
        self.channel, self.rms, self.beam = list(channels).index(NOISY), rms, beam
        self.key = (seed if split == "train" else 0, _STREAMS[split])

    def add(self, x: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        """Add the noise of an epoch to slices (b, H, W, C) in mK, in place; give them back.

        Parameters
        ----------
        x : numpy.ndarray, shape (b, H, W, C), float32
        epoch : int
            0 always for validation and test.
        rows : numpy.ndarray of int, shape (b,)
            Rows of the examples in their split.
        """
        seed, stream = self.key
        white = np.empty(x.shape[:-1], np.float32)
        for sky, bits in zip(white, random_bits(rows, seed, epoch, stream)):
            generator = np.random.Generator(np.random.Philox(key=int(bits)))
            generator.standard_normal(out=sky, dtype=np.float32)
        x[..., self.channel] += np.float32(self.rms) * without_mean(white, self.beam)
        return x

    def widened(self, statistics: Mapping) -> dict:
        """Return the statistics of a dataset with the spread that noise adds to its channel."""
        transforms = dict(statistics["transforms"])
        plain = transforms["standardise"]
        spread = list(plain["x_std"])
        spread[self.channel] = float(np.hypot(spread[self.channel], self.rms))
        return {
            **statistics,
            "transforms": transforms | {"standardise": {**plain, "x_std": spread}},
        }


def without_mean(white: np.ndarray, beam: float) -> np.ndarray:
    """Return white noise (b, H, W) of unit variance seen through a beam: unit variance, mean 0."""
    if beam == 0:
        return white - white.mean((1, 2), keepdims=True)
    modes = fft.rfft2(white)
    modes *= beam_response(*white.shape[1:], beam)
    return fft.irfft2(modes, s=white.shape[1:], overwrite_x=True)


@functools.lru_cache(maxsize=8)
def beam_response(height: int, width: int, beam: float) -> np.ndarray:
    """Return the factor (H, W // 2 + 1), float32, of each mode of white noise seen through a beam.

    The mean is taken away, and what is left has the variance of the white noise.
    """
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    response = np.exp(-2 * np.pi**2 * (beam / _WIDTHS) ** 2 * (down**2 + across**2))
    response[0, 0] = 0
    response /= np.sqrt(np.mean(response**2))
    return response[:, : width // 2 + 1].astype(np.float32)
