"""Summary statistics of periodic slices: histograms, power spectrum and wavelet scattering.

Noise hides the signal in single pixels, so histograms are also computed for smoothed slices. The
power spectrum does not depend on phases, which distinguish bubbles from waves. Wavelet scattering
(Mallat 2012, Comm. Pure Appl. Math. 65, 1331) measures the distribution of the structure of each
scale, and how it varies on larger scales.
"""

import numpy as np
import torch
from torch import nn

from cosmodag.imaging.ring_spectra import N_RINGS, ring_weights

SMOOTHINGS = (0.0, 1.0, 2.0, 4.0)
"""Standard deviations of the Gaussian smoothings, in pixels."""
QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
WAVELETS = (0.0, 0.7, 1.4, 2.8, 5.6, 11.2)
"""Standard deviations in pixels of the Gaussians whose differences are the wavelets."""
WAVELET_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.97)

_N_BANDS = len(WAVELETS) - 1
_PAIRS = [(j, k) for j in range(_N_BANDS) for k in range(j + 1, _N_BANDS)]
_TINY = 1e-6
"""Lower limit of denominators, for slices that are constant."""


_FAINT = 1e-10
"""Power that counts as none, in units of the variance of slices: rounding errors are fainter. The
range of power is too large to compare its values without the logarithm, see `QuantileNorm`."""


class SliceSummaries(nn.Module):
    """Summary statistics of periodic slices (b, c, side, side).

    Per channel: the mean; the logarithm of the mean power in 24 rings of wavenumber up to the
    Nyquist frequency; at each of 4 Gaussian smoothings standard deviation, skewness, kurtosis and
    15 quantiles with minimum and maximum; quantiles of the modulus of the slice filtered by each of
    5 isotropic wavelets; the mean modulus of that filtered again by each coarser wavelet; and the
    correlation of the modulus with the slice smoothed to the scale of the wavelet and to coarser
    ones.

    Parameters
    ----------
    side : int
        Pixels per side of a slice.
    """

    COUNT = (
        1
        + N_RINGS
        + len(SMOOTHINGS) * (3 + len(QUANTILES))
        + _N_BANDS * (len(WAVELET_QUANTILES) + 1)
        + 2 * len(_PAIRS)
    )

    rings: torch.Tensor
    smoothings: torch.Tensor
    wavelets: torch.Tensor
    coarse: torch.Tensor

    def __init__(self, side: int):
        super().__init__()
        k = torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side))
        rings = torch.from_numpy(ring_weights((side, side))).float()
        self.register_buffer("rings", rings, persistent=False)
        smoothings = torch.stack([_gaussian(k, s) for s in SMOOTHINGS[1:]])
        self.register_buffer("smoothings", smoothings, persistent=False)
        gaussians = torch.stack([_gaussian(k, s) for s in WAVELETS])
        self.register_buffer("wavelets", gaussians[:-1] - gaussians[1:], persistent=False)
        self.register_buffer("coarse", gaussians[1:], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the statistics, (b, COUNT · c), float32."""
        with torch.autocast(x.device.type, enabled=False):
            return self._summaries(x.float().flatten(0, 1)).unflatten(0, x.shape[:2]).flatten(1)

    def _summaries(self, slices: torch.Tensor) -> torch.Tensor:
        """Return the statistics (n, COUNT) of slices (n, side, side)."""
        modes = torch.fft.rfft2(slices, norm="ortho")
        power = (modes.abs() ** 2).flatten(1) @ self.rings
        statistics = [slices.mean((1, 2))[:, None], (power + _FAINT).log()]
        smoothed = [slices, *_filtered(modes, self.smoothings).unbind(1)]
        for fields, smoothing in zip(smoothed, SMOOTHINGS):
            # Sorting is expensive, and smoothed neighbours are alike: a sub-grid is enough.
            statistics += [_moments(fields), _quantiles(fields, QUANTILES, max(int(smoothing), 1))]
        statistics += self._scattering(modes)
        return torch.cat(statistics, 1)

    def _scattering(self, modes: torch.Tensor) -> list[torch.Tensor]:
        """Return scattering coefficients (n, …) of slices with modes (n, side, side / 2)."""
        modulus = _filtered(modes, self.wavelets).abs()
        mean = modulus.mean((2, 3))
        coarse = _standardized(_filtered(modes, self.coarse))
        standard = _standardized(modulus)
        statistics = [mean]
        statistics += [_quantiles(field, WAVELET_QUANTILES, 2) for field in modulus.unbind(1)]
        again = torch.fft.rfft2(modulus, norm="ortho")
        for j, k in _PAIRS:
            filtered = _filtered(again[:, j], self.wavelets[k : k + 1])[:, 0]
            second = filtered.abs().mean((1, 2)) / (mean[:, j] + _TINY)
            correlation = (standard[:, j] * coarse[:, k - 1]).mean((1, 2))
            statistics.append(torch.stack([second, correlation], 1))
        return statistics


def _gaussian(k: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return the response of a Gaussian filter at wavenumbers in cycles per pixel."""
    return torch.exp(-2 * (torch.pi * sigma * k) ** 2)


def _filtered(modes: torch.Tensor, responses: torch.Tensor) -> torch.Tensor:
    """Return slices with modes (n, side, side / 2) after each filter, (n, filters, side, side)."""
    side = modes.shape[-2]
    return torch.fft.irfft2(modes[:, None] * responses, s=(side, side), norm="ortho")


def _standardized(fields: torch.Tensor) -> torch.Tensor:
    """Return fields (…, side, side) with mean 0 and, unless constant, standard deviation 1."""
    centred = fields - fields.mean((-2, -1), keepdim=True)
    deviation = (centred.square().mean((-2, -1), keepdim=True) + _TINY).sqrt()
    return centred / deviation


def _moments(fields: torch.Tensor) -> torch.Tensor:
    """Return standard deviation, skewness and kurtosis, (n, 3), of fields (n, side, side)."""
    centred = fields - fields.mean((1, 2), keepdim=True)
    squares = centred.square()
    deviation = (squares.mean((1, 2)) + _TINY).sqrt()
    skewness = (squares * centred).mean((1, 2)) / deviation**3
    return torch.stack([deviation, skewness, squares.square().mean((1, 2)) / deviation**4], 1)


def _quantiles(fields: torch.Tensor, levels: tuple[float, ...], step: int) -> torch.Tensor:
    """Return quantiles (n, levels) of every `step`-th pixel of fields (n, side, side)."""
    ranked = _sorted(fields[:, ::step, ::step].flatten(1))
    rank = torch.tensor(levels, device=fields.device) * (ranked.shape[1] - 1)
    return ranked[:, rank.round().long()]


def _sorted(values: torch.Tensor) -> torch.Tensor:
    """Return rows (n, m) in ascending order; numpy sorts several times as fast on processors."""
    if values.requires_grad or values.device.type != "cpu":
        return values.sort(dim=1).values
    return torch.from_numpy(np.sort(values.numpy(), axis=1))
