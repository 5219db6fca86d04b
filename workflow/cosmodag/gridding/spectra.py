"""Power spectra of overdensities on periodic grids."""

from collections.abc import Sequence

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.gridding.cells import stencil_cells


def power_spectrum(
    overdensity: np.ndarray,
    box_size: ArrayLike,
    *,
    method: str | None = None,
    interlaced: np.ndarray | None = None,
    shot_noise: float = 0.0,
    edges: ArrayLike | None = None,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the spherically averaged power spectrum.

    ``P(k) = V <|delta(k)|²>``, where ``delta(k)`` is the mean of ``delta(x) exp(-i k x)`` over
    cells.

    Parameters
    ----------
    overdensity : numpy.ndarray, shape (nx, ny, nz) or (nx, ny), float32 or float64
        Overdensity on a periodic grid.
    box_size : float or sequence of float
        Sides of the box in Mpc/h.
    method : str, optional
        Scheme by which the mass was assigned, "ngp", "cic" or "tsc": the power is divided by its
        squared window ``prod_i sinc(k_i h_i / 2)^p`` with p = 1, 2, 3 [1]_ [2]_. By default the
        power is not corrected.
    interlaced : numpy.ndarray, shape of `overdensity`, optional
        Overdensity of the same particles assigned with ``offset=0.5``. The mean of both, with the
        second shifted back, is free of odd aliases [3]_.
    shot_noise : float
        Constant subtracted from the power in every bin, (Mpc/h)³: box volume per particle.
    edges : array_like, shape (n_bins + 1,), optional
        Edges of the bins in k, h/Mpc. The default bins are one fundamental mode wide, centred on
        its multiples, up to the smallest Nyquist wavenumber.
    threads : int, optional
        Number of threads of the Fourier transform.

    Returns
    -------
    k : numpy.ndarray, shape (n_bins,), float64
        Mean wavenumber of the modes in each bin, h/Mpc; NaN in empty bins.
    power : numpy.ndarray, shape (n_bins,), float64
        Power in (Mpc/h)³, or (Mpc/h)² in two dimensions; NaN in empty bins.
    n_modes : numpy.ndarray, shape (n_bins,), int64
        Number of modes in each bin; complex conjugates are counted separately.

    Raises
    ------
    InputError
        If shapes do not fit together or the overdensity is not finite.

    References
    ----------
    .. [1] Hockney & Eastwood 1988, *Computer Simulation Using Particles*.
    .. [2] Jing 2005, ApJ 620, 559, equation 20.
    .. [3] Sefusatti et al. 2016, MNRAS 460, 3624, equation 3.7.

    Examples
    --------
    White noise has the same power on all scales: its variance times the volume of a cell.

    >>> import numpy as np
    >>> from cosmodag.gridding import power_spectrum
    >>> noise = np.random.default_rng(1).normal(size=(32, 32, 32))
    >>> k, power, n_modes = power_spectrum(noise, box_size=64.0)
    >>> round(float(np.average(power, weights=n_modes)))
    8
    """
    field = np.asarray(overdensity)
    sides = np.broadcast_to(np.asarray(box_size, float), (field.ndim,))
    cell_size = sides / field.shape
    modes = _transform(field, threads)
    waves = _wavenumbers(field.shape, cell_size)
    if interlaced is not None:
        shifted = np.asarray(interlaced)
        if shifted.shape != field.shape:
            raise InputError(f"interlaced grid of shape {shifted.shape}: {field.shape} is needed")
        modes += _transform(shifted, threads) * _phase(waves, cell_size).astype(modes.dtype)
        modes /= 2
    power = (modes.real.astype(np.float64) ** 2 + modes.imag.astype(np.float64) ** 2) * (
        np.prod(sides) / field.size**2
    )
    if method is not None:
        power /= _window(waves, cell_size, len(stencil_cells(method))) ** 2
    if edges is None:
        fundamental = 2 * np.pi / sides.max()
        edges = fundamental * np.arange(0.5, np.pi / cell_size.max() / fundamental + 0.5)
    return _average(power, waves, field.shape[-1], np.asarray(edges), shot_noise)


def _transform(field: np.ndarray, threads: int | None) -> np.ndarray:
    """Return the Fourier modes of a real field; refuse fields that are not finite."""
    modes = scipy.fft.rfftn(field, workers=threads)
    if not np.isfinite(modes.ravel()[0]):
        raise InputError("the overdensity has NaN or infinite cells")
    return modes


def _wavenumbers(shape: Sequence[int], cell_size: np.ndarray) -> list[np.ndarray]:
    """Return wavenumbers along each axis, shaped to broadcast; the last axis has half of them."""
    full = [2 * np.pi * np.fft.fftfreq(n, h) for n, h in zip(shape[:-1], cell_size[:-1])]
    half = 2 * np.pi * np.fft.rfftfreq(shape[-1], cell_size[-1])
    return list(np.meshgrid(*full, half, indexing="ij", sparse=True))


def _phase(waves: list[np.ndarray], cell_size: np.ndarray) -> np.ndarray:
    """Return the factor that moves a field back by half a cell along every axis."""
    factor = np.ones((), complex)
    for k, h in zip(waves, cell_size):
        factor = factor * np.exp(0.5j * k * h)
    return factor


def _window(waves: list[np.ndarray], cell_size: np.ndarray, order: int) -> np.ndarray:
    """Return the window of a mass-assignment scheme in Fourier space."""
    window = np.ones(())
    for k, h in zip(waves, cell_size):
        window = window * np.sinc(k * h / (2 * np.pi)) ** order
    return window


def _average(
    power: np.ndarray, waves: list[np.ndarray], n_last: int, edges: np.ndarray, shot_noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean wavenumber, mean power and number of modes per bin."""
    k = np.sqrt(sum(wave**2 for wave in waves))
    multiplicity = np.full(power.shape[-1], 2.0)  # real fields: one mode represents its conjugate
    multiplicity[0] = 1
    if n_last % 2 == 0:
        multiplicity[-1] = 1
    bins = np.searchsorted(edges, k, side="right").ravel()
    weight = np.broadcast_to(multiplicity, power.shape)
    n_modes, k_sum, power_sum = (
        np.bincount(bins, values.ravel(), len(edges) + 1)[1:-1]
        for values in (weight, weight * k, weight * power)
    )
    with np.errstate(invalid="ignore"):
        return k_sum / n_modes, power_sum / n_modes - shot_noise, n_modes.astype(np.int64)
