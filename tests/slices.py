"""Examples files of slices of small synthetic realizations with ionized bubbles.

Dense regions are ionized first. The ionized fraction and the bubbles grow with decreasing redshift
and increasing escape fraction.
"""

from pathlib import Path

import numpy as np

from cosmodag.cutouts.examples_file import create_examples, write_index
from tests.checksummed import hdf5_file

REDSHIFTS = (6.0, 8.0, 10.0)
ESCAPE_FRACTIONS = (0.08, 0.12)


def density_field(seed: int, side: int) -> np.ndarray:
    """Return a smooth periodic Gaussian field of shape (side, side, side) and unit variance."""
    white = np.random.default_rng(seed).normal(size=(side,) * 3)
    return smoothed(white, 1.2)


def smoothed(field: np.ndarray, width: float) -> np.ndarray:
    """Return a field smoothed by a Gaussian of `width` cells, with mean 0 and unit variance."""
    k = [np.fft.fftfreq(n) for n in field.shape]
    k_squared = sum(k_axis**2 for k_axis in np.meshgrid(*k, indexing="ij", sparse=True))
    smooth = np.fft.ifftn(np.fft.fftn(field) * np.exp(-2 * np.pi**2 * width**2 * k_squared)).real
    smooth -= smooth.mean()
    return smooth / smooth.std()


def ionized_fraction(redshift: float, escape_fraction: float) -> float:
    """Return the mean ionized fraction of a realization."""
    return 1 / (1 + np.exp((redshift - 8) / 1.2 - 4 * np.log(escape_fraction / 0.1)))


def cube(field: np.ndarray, redshift: float, escape_fraction: float) -> dict[str, np.ndarray]:
    """Return density contrast, neutral fraction and brightness temperature (mK)."""
    ionized = ionized_fraction(redshift, escape_fraction)
    smooth = smoothed(field, 1 + 3 * ionized)
    neutral = (smooth < np.quantile(smooth, 1 - ionized)).astype(np.float32)
    density = field * 3 / (1 + redshift)
    temperature = 27 * np.sqrt((1 + redshift) / 10) * neutral * np.maximum(1 + density, 0)
    return {"density": density, "neutral_fraction": neutral, "brightness_temperature": temperature}


def write_slices(
    path: Path,
    *,
    seeds: int = 6,
    side: int = 32,
    step: int = 8,
    channels: tuple[str, ...] = ("brightness_temperature",),
    redshifts: tuple[float, ...] = REDSHIFTS,
    escape_fractions: tuple[float, ...] = ESCAPE_FRACTIONS,
    empty: bool = False,
) -> Path:
    """Write slices along three axes with the ionized map as target, for `seeds` realizations.

    `empty` adds to each cube a slice that is zero everywhere.
    """
    x, y, rows = [], [], []
    for seed in range(seeds):
        field = density_field(seed, side)
        for zi, z in enumerate(redshifts):
            for fi, fraction in enumerate(escape_fractions):
                cubes = cube(field, z, fraction)
                for axis in range(3):
                    for position in range(0, side, step):
                        cut = {n: np.take(values, position, axis) for n, values in cubes.items()}
                        x.append(np.stack([cut[name] for name in channels], -1))
                        y.append(1 - cut["neutral_fraction"][..., None])
                        mean = cut["neutral_fraction"].mean()
                        rows.append((seed, zi, fi, axis, position, mean, 0))
                if empty:
                    x.append(np.zeros((side, side, len(channels))))
                    y.append(np.ones((side, side, 1)))
                    rows.append((seed, zi, fi, 0, side, 0.0, 1))
    seed, zi, fi, axis, position, neutral, zero = (np.array(column) for column in zip(*rows))
    names = [f"s{index:04d}" for index in seed]
    with hdf5_file(path, "w") as file:
        xs, ys = create_examples(
            file,
            experiment="reionization",
            count=len(x),
            x_shape=x[0].shape,
            y_shape=y[0].shape,
            x_channels=channels,
            y_channels=["ionized"],
        )
        xs[...], ys[...] = np.array(x, np.float32), np.array(y, np.float32)
        file.attrs["redshifts"], file.attrs["escape_fractions"] = redshifts, escape_fractions
        write_index(
            file,
            {
                "id": [
                    f"{n}/z{a}/f{b}/{c}/{d}" for n, a, b, c, d in zip(names, zi, fi, axis, position)
                ],
                "group": names,
                "seed": seed,
                "redshift": np.take(redshifts, zi),
                "escape_fraction": np.take(escape_fractions, fi),
                "neutral_fraction": [
                    1 - ionized_fraction(redshifts[a], escape_fractions[b]) for a, b in zip(zi, fi)
                ],
                "slice_neutral_fraction": neutral,
                "axis": axis,
                "slice": position,
                "all_zero": zero,
                "redshift_class": zi,
                "escape_fraction_class": fi,
            },
        )
    return path
