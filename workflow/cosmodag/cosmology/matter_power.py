"""Linear and non-linear matter power spectra from CAMB."""

import functools

import numpy as np

from cosmodag.cosmology.background import Cosmology


@functools.lru_cache(maxsize=64)
def matter_power_spectrum(
    cosmology: Cosmology, *, redshift: float = 0.0, nonlinear: bool = False, k_max: float = 10.0
) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate the matter power spectrum with CAMB.

    Parameters
    ----------
    cosmology : Cosmology
        Cosmological parameters; `sigma8` sets the amplitude.
    redshift : float
        Redshift of the spectrum.
    nonlinear : bool
        Whether to return the non-linear spectrum of HMcode-2020 instead of the linear one.
    k_max : float
        Largest wavenumber in h/Mpc.

    Returns
    -------
    wavenumber : numpy.ndarray, shape (n,), float64
        Wavenumbers k in h/Mpc, ascending.
    power : numpy.ndarray, shape (n,), float64
        Power P(k) in (Mpc/h)³.

    References
    ----------
    CAMB: Lewis, Challinor & Lasenby 2000, ApJ 538, 473. HMcode-2020: Mead et al. 2021, MNRAS 502,
    1401.

    Examples
    --------
    >>> k, power = matter_power_spectrum(Cosmology())
    >>> bool(0.01 < k[power.argmax()] < 0.02)
    True
    """
    import camb

    h2 = cosmology.hubble**2
    parameters = camb.set_params(
        H0=100 * cosmology.hubble,
        ombh2=cosmology.omega_b * h2,
        omch2=(cosmology.omega_m - cosmology.omega_b) * h2,
        mnu=0.0,
        num_massive_neutrinos=0,
        As=2e-9,
        ns=cosmology.n_s,
        WantCls=False,
    )
    redshifts = sorted({0.0, redshift}, reverse=True)
    parameters.set_matter_power(redshifts=redshifts, kmax=k_max)
    results = camb.get_results(parameters)
    amplitude = (cosmology.sigma8 / results.get_sigma8_0()) ** 2
    if nonlinear:
        parameters.InitPower.set_params(As=2e-9 * amplitude, ns=cosmology.n_s)
        parameters.NonLinear = camb.model.NonLinear_both
        parameters.NonLinearModel.set_params(halofit_version="mead2020")
        results = camb.get_results(parameters)
        k, z, power = results.get_nonlinear_matter_power_spectrum()
    else:
        k, z, power = results.get_linear_matter_power_spectrum()
        power = power * amplitude
    return k, power[list(z).index(redshift)]


def interpolate_power(k: np.ndarray, spectrum: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Interpolate a tabulated power spectrum linearly in ln k and ln P.

    Below the smallest tabulated wavenumber the power is constant; above the largest it continues
    as a power law.

    Parameters
    ----------
    k : numpy.ndarray, any shape, float64
        Wavenumbers in h/Mpc. The power at k = 0 is 0.
    spectrum : tuple of two numpy.ndarray, shape (n,), float64
        Wavenumbers and power as returned by `matter_power_spectrum`.

    Returns
    -------
    numpy.ndarray, shape of `k`, float64
        Power P(k) in (Mpc/h)³.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([0.1, 1.0]), np.array([1e4, 1e2])
    >>> interpolate_power(np.array([0.0, 10.0]), table).round(6).tolist()
    [0.0, 1.0]
    """
    log_k, log_power = np.log(spectrum[0]), np.log(spectrum[1])
    x = np.log(np.where(k > 0, k, 1.0))
    y = np.interp(x, log_k, log_power)
    slope = (log_power[-1] - log_power[-2]) / (log_k[-1] - log_k[-2])
    y += np.where(x > log_k[-1], slope * (x - log_k[-1]), 0.0)
    return np.where(k > 0, np.exp(y), 0.0)
