"""Thermal noise of a radio interferometer in slices of the 21-cm sky.

The noise depends on (seed, split, epoch, example) alone. Training sees new noise in every epoch,
validation and test always the same. Training that continues after an interruption sees the noise
that it would have seen without one.
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import fft

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError

NOISY_CHANNEL = "brightness_temperature"
"""The channel that an interferometer measures."""

_STREAMS = {"train": 2, "valid": 3, "test": 4}
# A Gaussian's full width at half maximum in standard deviations.
_FWHM = float(np.sqrt(8 * np.log(2)))


class ThermalNoise:
    """Gaussian noise of zero mean, since an interferometer does not measure the mean.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels of the input.
    split : {"train", "valid", "test"}
        The split; the noise of splits is independent.
    rms : float
        Standard deviation of a pixel in mK, after the beam. The SKA is expected to reach about 1 mK
        on scales of several arcmin in 1000 hours (Koopmans et al. 2015, arXiv:1505.07568); smaller
        pixels have more noise.
    beam : float
        Full width at half maximum, in pixels, of the Gaussian beam that correlates neighbouring
        pixels; 0 leaves them independent.
    seed : int
        Seed of the training split; validation and test are equal for all seeds.

    Raises
    ------
    InputError
        If the input has no brightness temperature, or a value is negative.

    Examples
    --------
    >>> noise = ThermalNoise(["brightness_temperature"], "train", rms=2.0)
    >>> noise.add(np.zeros((1, 8, 8, 1), np.float32), 0, np.array([0])).shape
    (1, 8, 8, 1)
    """

    def __init__(
        self, channels: Sequence[str], split: str, *, rms: float, beam: float = 0.0, seed: int = 0
    ):
        if NOISY_CHANNEL not in channels:
            raise InputError(
                f"noise: the input of the dataset has {', '.join(channels)}, not the "
                f"{NOISY_CHANNEL} that an interferometer measures; leave noise out"
            )
        if rms < 0 or beam < 0:
            raise InputError(f"noise: rms {rms} mK and beam {beam} pixels must not be negative")
        self.channel, self.rms, self.beam = list(channels).index(NOISY_CHANNEL), rms, beam
        self.key = (seed if split == "train" else 0, _STREAMS[split])

    def add(self, x: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        """Add the noise of an epoch to slices, in place.

        Parameters
        ----------
        x : numpy.ndarray, shape (b, H, W, C), float32
            Slices in mK.
        epoch : int
            The epoch; always 0 for validation and test.
        rows : numpy.ndarray, shape (b,), int
            Rows of the examples in their split.

        Returns
        -------
        numpy.ndarray, shape (b, H, W, C), float32
            The argument `x`.
        """
        seed, stream = self.key
        white = np.empty(x.shape[:-1], np.float32)
        for noise, bits in zip(white, random_bits(rows, seed, epoch, stream)):
            generator = np.random.Generator(np.random.Philox(key=int(bits)))
            generator.standard_normal(out=noise, dtype=np.float32)
        x[..., self.channel] += np.float32(self.rms) * apply_beam(white, self.beam)
        return x

    def noisy_statistics(self, statistics: Mapping) -> dict:
        """Return the statistics of a dataset with the standard deviation increased by the noise.

        Parameters
        ----------
        statistics : mapping
            Statistics of dataset.json.
        """
        transforms = dict(statistics["transforms"])
        plain = transforms["standardise"]
        std = list(plain["x_std"])
        std[self.channel] = float(np.hypot(std[self.channel], self.rms))
        return {
            **statistics,
            "transforms": transforms | {"standardise": {**plain, "x_std": std}},
        }


def apply_beam(white: np.ndarray, beam: float) -> np.ndarray:
    """Convolve white noise with a Gaussian beam, remove its mean and keep its variance.

    Parameters
    ----------
    white : numpy.ndarray, shape (b, H, W), float32
        White noise of unit variance.
    beam : float
        Full width at half maximum of the beam in pixels.

    Returns
    -------
    numpy.ndarray, shape (b, H, W), float32
        Noise of unit variance and zero mean.
    """
    if beam == 0:
        return white - white.mean((1, 2), keepdims=True)
    modes = fft.rfft2(white)
    modes *= beam_response(white.shape[1], white.shape[2], beam)
    return fft.irfft2(modes, s=white.shape[1:], overwrite_x=True)


@functools.lru_cache(maxsize=8)
def beam_response(height: int, width: int, beam: float) -> np.ndarray:
    """Return the response of a beam to each mode of white noise, 0 for the mean.

    It is normalized such that the noise keeps its variance.

    Parameters
    ----------
    height, width : int
        Pixels of a slice.
    beam : float
        Full width at half maximum of the beam in pixels.

    Returns
    -------
    numpy.ndarray, shape (height, width // 2 + 1), float32
        Factors of the modes of a real Fourier transform.
    """
    k_y, k_x = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    response = np.exp(-2 * np.pi**2 * (beam / _FWHM) ** 2 * (k_y**2 + k_x**2))
    response[0, 0] = 0
    response /= np.sqrt(np.mean(response**2))
    return response[:, : width // 2 + 1].astype(np.float32)
