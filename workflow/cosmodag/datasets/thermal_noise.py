"""Thermal noise of a radio interferometer in slices of the 21-cm sky.

The noise depends on (seed, split, epoch, example) alone. Training sees new noise in every epoch,
validation and test always the same. Training that continues after an interruption sees the noise
that it would have seen without one.
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import fft

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError

Rms = float | Sequence[Sequence[float]]
"""One standard deviation in mK, or pairs of redshift and standard deviation."""
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
    rms : float or sequence of (float, float)
        Standard deviation of a pixel in mK, after the beam; or pairs of redshift and standard
        deviation, in order of redshift, between which it is linear and beyond which it is constant.
        The SKA is expected to reach about 1 mK on scales of several arcmin in 1000 hours (Koopmans
        et al. 2015, arXiv:1505.07568); smaller pixels have more noise.
    beam : float
        Full width at half maximum, in pixels, of the Gaussian beam that correlates neighbouring
        pixels; 0 leaves them independent.
    seed : int
        Seed of the training split; validation and test are equal for all seeds.

    Raises
    ------
    InputError
        If the input has no brightness temperature, a value is negative, or redshifts do not
        increase.

    Examples
    --------
    >>> noise = ThermalNoise(["brightness_temperature"], "train", rms=2.0)
    >>> noise.add(np.zeros((1, 8, 8, 1), np.float32), 0, np.array([0])).shape
    (1, 8, 8, 1)
    """

    def __init__(
        self, channels: Sequence[str], split: str, *, rms: Rms, beam: float = 0.0, seed: int = 0
    ):
        if NOISY_CHANNEL not in channels:
            raise InputError(
                f"noise: the input of the dataset has {', '.join(channels)}, not the "
                f"{NOISY_CHANNEL} that an interferometer measures; leave noise out"
            )
        self._redshifts, self._rms = _table(rms)
        if self._rms.min() < 0 or beam < 0:
            raise InputError(f"noise: rms {rms} mK and beam {beam} pixels must not be negative")
        self.channel, self.beam = list(channels).index(NOISY_CHANNEL), beam
        self.key = (seed if split == "train" else 0, _STREAMS[split])

    def rms(self, redshifts: np.ndarray | None, number: int) -> np.ndarray:
        """Return the standard deviation of a pixel of each slice in mK.

        Parameters
        ----------
        redshifts : numpy.ndarray, shape (number,), float, or None
            Redshifts of the slices, needed by a table alone.
        number : int
            Number of slices.

        Returns
        -------
        numpy.ndarray, shape (number,), float32

        Raises
        ------
        InputError
            If redshifts are needed but unknown.

        Examples
        --------
        >>> noise = ThermalNoise(["brightness_temperature"], "train", rms=[(7, 2.0), (9, 3.0)])
        >>> noise.rms(np.array([6.0, 8.0]), 2).tolist()
        [2.0, 2.5]
        """
        if len(self._rms) == 1:
            return np.full(number, self._rms[0])
        if redshifts is None or not np.isfinite(redshifts).all():
            raise InputError(
                "noise: rms is given by redshift, but the redshift of slices is unknown; set "
                "--redshift of a cube to predict, or give one number in mK to train with"
            )
        return np.interp(redshifts, self._redshifts, self._rms).astype(np.float32)

    def add(
        self, x: np.ndarray, epoch: int, rows: np.ndarray, redshifts: np.ndarray | None = None
    ) -> np.ndarray:
        """Add the noise of an epoch to slices, in place.

        Parameters
        ----------
        x : numpy.ndarray, shape (b, H, W, C), float32
            Slices in mK.
        epoch : int
            The epoch; always 0 for validation and test.
        rows : numpy.ndarray, shape (b,), int
            Rows of the examples in their split.
        redshifts : numpy.ndarray, shape (b,), float, optional
            Redshifts of the slices, as `rms` needs them.

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
        rms = self.rms(redshifts, len(x))[:, np.newaxis, np.newaxis]
        x[..., self.channel] += rms * apply_beam(white, self.beam)
        return x

    def noisy_statistics(self, statistics: Mapping) -> dict:
        """Return the statistics of a dataset with the standard deviation increased by the noise.

        Of noise by redshift, the mean variance of the table counts.

        Parameters
        ----------
        statistics : mapping
            Statistics of dataset.json.
        """
        transforms = dict(statistics["transforms"])
        plain = transforms["standardise"]
        std = list(plain["x_std"])
        std[self.channel] = float(np.hypot(std[self.channel], np.sqrt(np.mean(self._rms**2))))
        return {
            **statistics,
            "transforms": transforms | {"standardise": {**plain, "x_std": std}},
        }


def redshifts(index: pd.DataFrame, rows: np.ndarray) -> np.ndarray | None:
    """Return the redshifts of examples, (b,), of the index of their split; None without column."""
    return index["redshift"].to_numpy()[rows] if "redshift" in index else None


def _table(rms: Rms) -> tuple[np.ndarray, np.ndarray]:
    """Return redshifts and standard deviations, float32; one number is one of any redshift."""
    table = np.atleast_2d(np.asarray(rms if isinstance(rms, Sequence) else (0.0, rms), np.float32))
    redshifts, values = table.T
    if (np.diff(redshifts) <= 0).any():
        raise InputError(
            f"noise.rms: redshifts {', '.join(f'{z:g}' for z in redshifts)} do not increase; sort "
            "the pairs of redshift and mK"
        )
    return redshifts, values


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
