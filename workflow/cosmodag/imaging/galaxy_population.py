"""Populations of galaxies as sums of Sérsic profiles and point sources.

The population "model" has one profile per galaxy, as pipelines inject them. The population "real"
has bulges, discs and knots of star formation. Both take total magnitudes and half-light radii from
the same prior, so that catalogues of totals cannot distinguish them: they differ in structure only.
"""

from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy.special import expit, gammainc, gammaincinv, logit

from cosmodag.errors import InputError
from cosmodag.settings import unknown

POPULATIONS = ("model", "real")
POINT = 0.0
"""Sérsic index that marks a point source."""
BULGE_INDEX = 4.0
_B = {1.0: 1.67834699, 4.0: 7.66924944}
"""b_n of the Sérsic profile: half of the flux lies within the half-light radius."""


class CataloguePrior(Protocol):
    """A distribution of the total magnitudes and sizes of galaxies."""

    def draw(self, count: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw a catalogue with the columns g, r, z, rhalf, redshift and n; see `Sources`."""
        ...


class Sources(NamedTuple):
    """Sources on the sky, each a sum of profiles.

    Attributes
    ----------
    catalogue : pandas.DataFrame
        One row per source: g, r, z (AB magnitudes before extinction), rhalf (circularized
        half-light radius in arcsec), redshift, n (Sérsic index), e1, e2 (ellipticity as defined by
        Tractor: |e| = (a − b) / (a + b)) and, once positions are set, x, y (0-indexed pixels).
    components : pandas.DataFrame
        One row per profile: source (row of the catalogue), index (Sérsic index, 0 for a point),
        radius (half-light radius in arcsec), e1, e2, dx, dy (offset from the position of the source
        in arcsec) and share_g, share_r, share_z (fraction of the flux of the source in each band).
    """

    catalogue: pd.DataFrame
    components: pd.DataFrame

    def at_positions(self, positions: np.ndarray) -> "Sources":
        """Return the sources at given positions.

        Parameters
        ----------
        positions : numpy.ndarray, shape (N, 2), float64
            x and y of each source in 0-indexed pixels.

        Returns
        -------
        Sources
        """
        return self._replace(catalogue=self.catalogue.assign(x=positions[:, 0], y=positions[:, 1]))

    def fluxes(self, transmission: np.ndarray | float = 1.0) -> np.ndarray:
        """Return the total fluxes of the sources.

        Parameters
        ----------
        transmission : numpy.ndarray, shape (3,), or float
            Transmission of Galactic dust in g, r and z.

        Returns
        -------
        numpy.ndarray, shape (N, 3), float64
            Fluxes in g, r and z in nanomaggies.
        """
        magnitudes = self.catalogue[["g", "r", "z"]].to_numpy()
        return 10 ** (-0.4 * (magnitudes - 22.5)) * transmission


def draw_population(
    name: str, prior: CataloguePrior, count: int, rng: np.random.Generator
) -> Sources:
    """Draw galaxies of a population.

    Parameters
    ----------
    name : {"model", "real"}
        "model": one exponential or de Vaucouleurs profile, the same in all bands. "real": inclined
        discs with a redder bulge and bluer knots of star formation where the prior draws an
        exponential, and spheroids with a redder centre where it draws a de Vaucouleurs profile.
    prior : CataloguePrior
        Distribution of the total magnitudes and half-light radii.
    count : int
        Number of galaxies.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    Sources
        Galaxies without positions.

    Raises
    ------
    InputError
        If the population is unknown.
    """
    if name not in POPULATIONS:
        raise unknown("population", name, POPULATIONS)
    catalogue = prior.draw(count, rng)
    if name == "model":
        return single_profiles(catalogue, *_ellipticities(count, rng))
    return _structured(catalogue, rng)


def single_profiles(catalogue: pd.DataFrame, e1: np.ndarray, e2: np.ndarray) -> Sources:
    """Return sources of one Sérsic profile each, the same in all bands.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        Columns g, r, z, rhalf, redshift and n of `Sources`.
    e1, e2 : numpy.ndarray, shape (N,)
        Ellipticities.

    Returns
    -------
    Sources
    """
    catalogue = catalogue.assign(e1=e1, e2=e2)
    shares = np.ones((len(catalogue), 3))
    rows = np.arange(len(catalogue))
    return Sources(catalogue, _components(rows, catalogue["n"], catalogue["rhalf"], e1, e2, shares))


def _structured(catalogue: pd.DataFrame, rng: np.random.Generator) -> Sources:
    """Return galaxies of a bulge, a disc and knots of different colours, with the same totals."""
    count = len(catalogue)
    spheroid = catalogue["n"].to_numpy() == BULGE_INDEX
    angle = rng.uniform(0, np.pi, count)
    thin = np.hypot(0.2, np.sqrt(1 - 0.2**2) * rng.uniform(0, 1, count))
    disc_q = np.where(spheroid, rng.uniform(0.6, 1.0, count), thin)
    bulge_q = np.where(spheroid, rng.uniform(0.5, 1.0, count), 1 - 0.5 * (1 - disc_q))
    disc, bulge = _shears(disc_q, angle), _shears(bulge_q, angle)

    fraction = np.where(spheroid, rng.beta(6, 2, count), rng.beta(1.5, 5, count))
    gradient = rng.normal(0.5, 0.15, count)
    bulge_share = component_fractions(fraction, gradient)
    knot_fraction = np.where(spheroid, 0.0, rng.beta(2, 6, count))
    knot_share = (1 - bulge_share) * component_fractions(
        knot_fraction, rng.normal(-0.5, 0.15, count)
    )

    ratio = rng.uniform(0.2, 0.6, count)
    scale = catalogue["rhalf"].to_numpy() / half_light_radius(fraction, ratio)
    source = np.arange(count)
    components = [
        _components(source, 1.0, scale, disc[0], disc[1], 1 - bulge_share - knot_share),
        _components(source, BULGE_INDEX, scale * ratio, bulge[0], bulge[1], bulge_share),
        _knots(scale, disc, knot_share, rng),
    ]
    e1, e2 = fraction * bulge + (1 - fraction) * disc
    return Sources(catalogue.assign(e1=e1, e2=e2), pd.concat(components, ignore_index=True))


def _knots(
    scale: np.ndarray, disc: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Return point sources that follow the disc and divide the flux of the knots unevenly."""
    counts = np.where(share[:, 1] > 0, 4 + rng.poisson(6, len(scale)), 0)
    owner = np.repeat(np.arange(len(scale)), counts)
    # In exponential discs the radius follows a Gamma distribution of shape 2. A cut at 3.5 scale
    # lengths keeps a knot from being detected as a separate galaxy.
    inside = gammainc(2.0, 3.5) * rng.uniform(0, 1, len(owner))
    radius = gammaincinv(2.0, inside) * scale[owner] / _B[1.0]
    angle = rng.uniform(0, 2 * np.pi, len(owner))
    dx, dy = _sheared(radius * np.cos(angle), radius * np.sin(angle), *disc[:, owner])
    flux = rng.exponential(1, len(owner))
    flux /= np.bincount(owner, flux, len(scale))[owner]
    knots = _components(owner, POINT, 0.0, 0.0, 0.0, share[owner] * flux[:, None])
    return knots.assign(dx=dx, dy=dy)


def _components(
    source: np.ndarray,
    index: pd.Series | float,
    radius: np.ndarray | pd.Series | float,
    e1: np.ndarray | float,
    e2: np.ndarray | float,
    share: np.ndarray,
) -> pd.DataFrame:
    """Return a table of components, see `Sources`."""
    columns = {
        "source": source,
        "index": np.asarray(index, np.float64),
        "radius": np.asarray(radius, np.float64),
        "e1": np.asarray(e1, np.float64),
        "e2": np.asarray(e2, np.float64),
        "dx": 0.0,
        "dy": 0.0,
    }
    bands = {f"share_{band}": column for band, column in zip("grz", np.asarray(share).T)}
    return pd.DataFrame({**columns, **bands})


def _ellipticities(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw e1 and e2 (2, N) from Gaussians, with |e| limited to 0.7."""
    e = rng.normal(0, 0.2, (2, count))
    return e * np.minimum(1, 0.7 / np.maximum(np.hypot(*e), 1e-9))


def _shears(axis_ratio: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the reduced shears (2, N) of axis ratios and position angles in radians."""
    size = (1 - axis_ratio) / (1 + axis_ratio)
    return np.array([size * np.cos(2 * angle), size * np.sin(2 * angle)])


def _sheared(
    x: np.ndarray, y: np.ndarray, e1: np.ndarray, e2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shear positions at constant area, as GalSim does."""
    norm = 1 / np.sqrt(1 - e1**2 - e2**2)
    return norm * ((1 + e1) * x + e2 * y), norm * (e2 * x + (1 - e1) * y)


def component_fractions(fraction: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return the fraction of the flux in each band that a redder or bluer component has.

    The flux ratio of the component to the rest falls by 60 % of the colour difference from r to g
    and rises by 40 % of it from r to z.

    Parameters
    ----------
    fraction : numpy.ndarray, shape (N,)
        Fraction of the flux in r that the component has.
    gradient : numpy.ndarray, shape (N,)
        Colour g − z of the component minus that of the rest, in magnitudes.

    Returns
    -------
    numpy.ndarray, shape (N, 3), float64
        Fractions in g, r and z.
    """
    steps = 0.4 * np.log(10) * np.array([-0.6, 0.0, 0.4])
    with np.errstate(divide="ignore"):
        return expit(logit(fraction)[:, None] + gradient[:, None] * steps)


def half_light_radius(
    fraction: np.ndarray, ratio: np.ndarray, index: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return the half-light radius of a bulge and a body together.

    The fraction of the flux of a Sérsic profile within a radius R is the incomplete gamma function
    of (2n, b_n (R / R_half)^(1/n)). Bisection finds the radius.

    Parameters
    ----------
    fraction : numpy.ndarray, shape (N,)
        Bulge fraction of the flux.
    ratio : numpy.ndarray, shape (N,)
        Half-light radius of the bulge in units of that of the body.
    index : numpy.ndarray, shape (N,), or float
        Sérsic index of the body; 1 is an exponential disc.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        Half-light radius in units of that of the body.

    References
    ----------
    Graham and Driver (2005), PASA 22, 118.
    """
    b = np.where(index == 1.0, _B[1.0], gammaincinv(2 * index, 0.5))
    low, high = 0.1 * ratio, np.maximum(1.5, 1.1 * ratio)
    for _ in range(40):
        middle = 0.5 * (low + high)
        body = gammainc(2 * index, b * middle ** (1 / index))
        bulge = gammainc(8.0, _B[4.0] * (middle / ratio) ** 0.25)
        inside = fraction * bulge + (1 - fraction) * body < 0.5
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return 0.5 * (low + high)


def concatenate(samples: list[Sources]) -> Sources:
    """Concatenate tables of sources.

    Parameters
    ----------
    samples : list of Sources
        At least one.

    Returns
    -------
    Sources

    Raises
    ------
    InputError
        If the list is empty.
    """
    if not samples:
        raise InputError("sources: the list is empty; give at least one table of sources")
    offsets = np.cumsum([0, *(len(sample.catalogue) for sample in samples[:-1])])
    components = [
        sample.components.assign(source=sample.components["source"] + offset)
        for sample, offset in zip(samples, offsets)
    ]
    return Sources(
        pd.concat([sample.catalogue for sample in samples], ignore_index=True),
        pd.concat(components, ignore_index=True),
    )
