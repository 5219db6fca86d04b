"""Power spectrum of an overdensity on a periodic grid."""

import numpy as np
import scipy.fft

from cosmodag.errors import InputError
from cosmodag.gridding.stencil import stencil


def power_spectrum(
    overdensity,
    box_size,
    *,
    method=None,
    interlaced=None,
    shot_noise=0.0,
    edges=None,
    threads=None,
):
    """Spherically averaged power spectrum.

    ``P(k) = V <|delta(k)|²>`` with ``delta(k)`` the mean of ``delta(x) exp(-i k x)`` over cells.

    Parameters
    ----------
    overdensity
        (nx, ny, nz) or (nx, ny) float32 or float64, periodic.
    box_size
        Sides in Mpc/h: a number or one per axis.
    method
        "ngp", "cic" or "tsc" divides by the window of that mass assignment,
        ``prod_i sinc(k_i h_i / 2)^p`` with p = 1, 2, 3 (Hockney & Eastwood 1988; Jing 2005,
        eq. 20); ``None`` leaves the spectrum as it is.
    interlaced
        Overdensity of the same particles assigned with ``offset=0.5``: the mean of both, shifted
        back, is free of the odd aliases (Sefusatti et al. 2016, eq. 3.7).
    shot_noise
        Subtracted from every bin, (Mpc/h)^3: box volume over number of particles.
    edges
        Edges of the bins in k, h/Mpc; by default one fundamental mode wide, centred on its
        multiples, up to the smallest Nyquist wavenumber.
    threads
        Threads of the Fourier transform.

    Returns
    -------
    k : ndarray
        (bins,) mean wavenumber of the modes in each bin, h/Mpc; NaN where there are none.
    power : ndarray
        (bins,) (Mpc/h)^3, or (Mpc/h)^2 in two dimensions; NaN where there are none.
    modes : ndarray
        (bins,) int64, number of modes averaged, each with its complex conjugate counted too.

    Raises
    ------
    InputError
        If shapes do not fit together or the field is not finite.
    """
    field = np.asarray(overdensity)
    sides = np.broadcast_to(np.asarray(box_size, float), (field.ndim,))
    cell = sides / field.shape
    modes = _transform(field, threads)
    waves = _wavenumbers(field.shape, cell)
    if interlaced is not None:
        other = np.asarray(interlaced)
        if other.shape != field.shape:
            raise InputError(f"interlaced grid of shape {other.shape}: {field.shape} is needed")
        modes += _transform(other, threads) * _phase(waves, cell).astype(modes.dtype)
        modes /= 2
    power = (modes.real.astype(np.float64) ** 2 + modes.imag.astype(np.float64) ** 2) * (
        np.prod(sides) / field.size**2
    )
    if method is not None:
        power /= _window(waves, cell, len(stencil(method))) ** 2
    if edges is None:
        fundamental = 2 * np.pi / sides.max()
        edges = fundamental * np.arange(0.5, np.pi / cell.max() / fundamental + 0.5)
    return _average(power, waves, field.shape[-1], np.asarray(edges), shot_noise)


def _transform(field, threads):
    modes = scipy.fft.rfftn(field, workers=threads)
    if not np.isfinite(modes.ravel()[0]):
        raise InputError("the overdensity holds NaN or infinite cells")
    return modes


def _wavenumbers(shape, cell) -> list[np.ndarray]:
    """Wavenumbers along each axis, shaped to broadcast; the last axis holds half of them."""
    full = [2 * np.pi * np.fft.fftfreq(n, h) for n, h in zip(shape[:-1], cell[:-1])]
    half = 2 * np.pi * np.fft.rfftfreq(shape[-1], cell[-1])
    return list(np.meshgrid(*full, half, indexing="ij", sparse=True))


def _phase(waves, cell):
    """Factor that moves a field back by half a cell along every axis."""
    factor = 1
    for k, h in zip(waves, cell):
        factor = factor * np.exp(0.5j * k * h)
    return factor


def _window(waves, cell, order: int):
    window = 1
    for k, h in zip(waves, cell):
        window = window * np.sinc(k * h / (2 * np.pi)) ** order
    return window


def _average(power, waves, last: int, edges, shot_noise):
    """Mean wavenumber, mean power and number of modes between `edges`."""
    size = np.sqrt(sum(k**2 for k in waves))
    both = np.full(power.shape[-1], 2.0)  # a mode of the half that is kept stands for two
    both[0] = 1
    if last % 2 == 0:
        both[-1] = 1
    bin_of = np.searchsorted(edges, size, side="right").ravel()
    count = len(edges) + 1
    weight = np.broadcast_to(both, power.shape)
    modes, k_sum, power_sum = (
        np.bincount(bin_of, values.ravel(), count)[1:-1]
        for values in (weight, weight * size, weight * power)
    )
    with np.errstate(invalid="ignore"):
        return k_sum / modes, power_sum / modes - shot_noise, modes.astype(np.int64)
