"""Galaxies as sums of simple profiles: the model that pipelines inject, and the richer real ones.

Both populations take total magnitudes and half-light radii from the same prior, so that catalogues
of totals cannot tell them apart; they differ in structure alone.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, gammainc, gammaincinv, logit

from cosmodag.errors import InputError
from cosmodag.settings import unknown

POPULATIONS = ("model", "real")
POINT = 0.0
"""Sersic index that stands for a point of light."""
BULGE_INDEX = 4.0
_B = {1.0: 1.67834699, 4.0: 7.66924944}
"""b_n of the Sersic profile: half of the light lies within the half-light radius."""


class Galaxies(NamedTuple):
    """Sources and the profiles that they are made of.

    `catalogue` has one row a source: g, r, z (AB magnitudes before extinction), rhalf (arcsec, of
    the circle of the same area), redshift, n, e1, e2 (as of Tractor: |e| = (a − b) / (a + b)) and,
    once placed, x, y (0-indexed pixels). `components` has one row a profile: source (row of the
    catalogue), index (Sersic, 0 for a point), radius (arcsec), e1, e2, dx, dy (offset from the
    source's position in arcsec) and share_g, share_r, share_z (of the source's flux in a band).
    """

    catalogue: pd.DataFrame
    components: pd.DataFrame

    def placed(self, positions: np.ndarray) -> "Galaxies":
        """Return the galaxies at positions (N, 2) float64, x and y in 0-indexed pixels."""
        return self._replace(catalogue=self.catalogue.assign(x=positions[:, 0], y=positions[:, 1]))

    def fluxes(self, transmission: np.ndarray | float = 1.0) -> np.ndarray:
        """Return fluxes (N, 3) in nanomaggies in g, r, z behind dust of a transmission (3,)."""
        magnitudes = self.catalogue[["g", "r", "z"]].to_numpy()
        return 10 ** (-0.4 * (magnitudes - 22.5)) * transmission


def draw_population(name: str, prior, count: int, rng: np.random.Generator) -> Galaxies:
    """Draw galaxies of a population.

    Parameters
    ----------
    name
        "model": one exponential or de Vaucouleurs profile, the same in all bands. "real": inclined
        discs with a redder bulge and bluer knots of star formation, or spheroids that are redder
        inside, as the prior's kind is exponential or de Vaucouleurs.
    prior
        What `galaxy_prior.shipped_prior` or `read_galaxies` returns.
    count
        Number of galaxies.
    rng
        Where the draw comes from.

    Raises
    ------
    InputError
        The population is not known.
    """
    if name not in POPULATIONS:
        raise unknown("population", name, POPULATIONS)
    catalogue = prior.draw(count, rng)
    if name == "model":
        return single_profiles(catalogue, *_ellipticities(count, rng))
    return _structured(catalogue, rng)


def single_profiles(catalogue: pd.DataFrame, e1: np.ndarray, e2: np.ndarray) -> Galaxies:
    """Make every source one Sersic profile of its n, rhalf and ellipticity, alike in all bands."""
    catalogue = catalogue.assign(e1=e1, e2=e2)
    ones = np.ones((len(catalogue), 3))
    return Galaxies(
        catalogue,
        _components(np.arange(len(catalogue)), catalogue["n"], catalogue["rhalf"], e1, e2, ones),
    )


def _structured(catalogue: pd.DataFrame, rng: np.random.Generator) -> Galaxies:
    """Bulge, disc and knots with colours of their own; totals in each band are kept."""
    count = len(catalogue)
    spheroid = catalogue["n"].to_numpy() == BULGE_INDEX
    angle = rng.uniform(0, np.pi, count)
    thin = np.hypot(0.2, np.sqrt(1 - 0.2**2) * rng.uniform(0, 1, count))
    disc_q = np.where(spheroid, rng.uniform(0.6, 1.0, count), thin)
    bulge_q = np.where(spheroid, rng.uniform(0.5, 1.0, count), 1 - 0.5 * (1 - disc_q))
    disc, bulge = _shears(disc_q, angle), _shears(bulge_q, angle)

    fraction = np.where(spheroid, rng.beta(6, 2, count), rng.beta(1.5, 5, count))
    redder = rng.normal(0.5, 0.15, count)
    bulge_share = tinted(fraction, redder)
    knotty = np.where(spheroid, 0.0, rng.beta(2, 6, count))
    knot_share = (1 - bulge_share) * tinted(knotty, rng.normal(-0.5, 0.15, count))

    ratio = rng.uniform(0.2, 0.6, count)
    scale = catalogue["rhalf"].to_numpy() / half_light_radius(fraction, ratio)
    source = np.arange(count)
    parts = [
        _components(source, 1.0, scale, *disc, 1 - bulge_share - knot_share),
        _components(source, BULGE_INDEX, scale * ratio, *bulge, bulge_share),
        _knots(scale, disc, knot_share, rng),
    ]
    e1, e2 = fraction * bulge + (1 - fraction) * disc
    return Galaxies(catalogue.assign(e1=e1, e2=e2), pd.concat(parts, ignore_index=True))


def _knots(scale, disc, share, rng) -> pd.DataFrame:
    """Points of light scattered like the light of the disc, that share the knots' flux unevenly."""
    numbers = np.where(share[:, 1] > 0, 4 + rng.poisson(6, len(scale)), 0)
    owner = np.repeat(np.arange(len(scale)), numbers)
    # In exponential discs the radius follows a Gamma law of shape 2. It is cut at 3.5 lengths, lest
    # a knot be taken for a galaxy of its own.
    inside = gammainc(2.0, 3.5) * rng.uniform(0, 1, len(owner))
    radius = gammaincinv(2.0, inside) * scale[owner] / _B[1.0]
    angle = rng.uniform(0, 2 * np.pi, len(owner))
    dx, dy = _sheared(radius * np.cos(angle), radius * np.sin(angle), *disc[:, owner])
    light = rng.exponential(1, len(owner))
    light /= np.bincount(owner, light, len(scale))[owner]
    knots = _components(owner, POINT, 0.0, 0.0, 0.0, share[owner] * light[:, None])
    return knots.assign(dx=dx, dy=dy)


def _components(source, index, radius, e1, e2, share) -> pd.DataFrame:
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
    """e1, e2 (2, N) of the injected model: a Gaussian in each, cut where |e| would pass 0.7."""
    e = rng.normal(0, 0.2, (2, count))
    return e * np.minimum(1, 0.7 / np.maximum(np.hypot(*e), 1e-9))


def _shears(axis_ratio: np.ndarray, angle: np.ndarray) -> np.ndarray:
    size = (1 - axis_ratio) / (1 + axis_ratio)
    return np.array([size * np.cos(2 * angle), size * np.sin(2 * angle)])


def _sheared(x, y, e1, e2):
    """Shear that keeps areas, as GalSim's."""
    norm = 1 / np.sqrt(1 - e1**2 - e2**2)
    return norm * ((1 + e1) * x + e2 * y), norm * (e2 * x + (1 - e1) * y)


def tinted(fraction: np.ndarray, redder: np.ndarray) -> np.ndarray:
    """Shares (N, 3) in g, r, z of a part that is redder than the rest by a magnitude in g − z.

    `fraction` (N,) is the part's share in r, `redder` (N,) the magnitude.
    Its ratio to the rest falls by 60 % of that magnitude from r to g, and rises by 40 % to z.
    """
    steps = 0.4 * np.log(10) * np.array([-0.6, 0.0, 0.4])
    with np.errstate(divide="ignore"):
        return expit(logit(fraction)[:, None] + redder[:, None] * steps)


def half_light_radius(
    fraction: np.ndarray, ratio: np.ndarray, index: np.ndarray | float = 1.0
) -> np.ndarray:
    """Half-light radius of a bulge and a body together, in units of the body's.

    The body is a disc, or has another Sersic `index`; `ratio` is the bulge's radius in its units.

    The light within a radius R of a Sersic profile is the incomplete gamma function of (2n,
    b_n (R / R_half)^(1/n)) (Graham and Driver 2005, PASA 22, 118); bisection finds the radius.
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


def join(parts: list[Galaxies]) -> Galaxies:
    """Sources of several tables, one below the other.

    Raises
    ------
    InputError
        There is no table.
    """
    if not parts:
        raise InputError("galaxies: none given; give at least one table of sources")
    offsets = np.cumsum([0, *(len(part.catalogue) for part in parts[:-1])])
    components = [
        part.components.assign(source=part.components["source"] + offset)
        for part, offset in zip(parts, offsets)
    ]
    return Galaxies(
        pd.concat([part.catalogue for part in parts], ignore_index=True),
        pd.concat(components, ignore_index=True),
    )
