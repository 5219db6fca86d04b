"""Matter power spectra from CAMB (Lewis, Challinor & Lasenby 2000, ApJ 538, 473)."""

import functools

import numpy as np

from cosmodag.cosmology.background import Cosmology


@functools.lru_cache(maxsize=64)
def matter_power(
    cosmology: Cosmology, *, redshift: float = 0.0, nonlinear: bool = False, largest: float = 10.0
) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate the matter power spectrum.

    Parameters
    ----------
    cosmology
        Its `sigma8` sets the amplitude.
    redshift
        Redshift of the spectrum.
    nonlinear
        Whether to give HMcode-2020's non-linear spectrum (Mead et al. 2021, MNRAS 502, 1401).
    largest
        Largest wavenumber, h/Mpc.

    Returns
    -------
    wavenumber : (K,) float64
        k in h/Mpc, ascending.
    power : (K,) float64
        P(k) in (Mpc/h)³.
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
    parameters.set_matter_power(redshifts=redshifts, kmax=largest)
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


def power_at(k: np.ndarray, table: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Interpolate a tabulated spectrum in logarithms; beyond the table its ends go on as lines.

    Parameters
    ----------
    k
        Wavenumbers (h/Mpc), any shape; 0 gives 0.
    table
        What `matter_power` returns.

    Returns
    -------
    float64 array of the shape of `k`
        P(k) in (Mpc/h)³.
    """
    log_k, log_power = np.log(table[0]), np.log(table[1])
    x = np.log(np.where(k > 0, k, 1.0))
    y = np.interp(x, log_k, log_power)
    slope = (log_power[-1] - log_power[-2]) / (log_k[-1] - log_k[-2])
    y += np.where(x > log_k[-1], slope * (x - log_k[-1]), 0.0)
    return np.where(k > 0, np.exp(y), 0.0)
