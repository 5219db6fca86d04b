"""Errors for positions that do not fit their box, with a cure that leads to a call that works."""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.sky_columns import SURVEY, sky_error
from cosmodag.voids.catalogues.table_columns import Column

ROUNDING = 1e-5
"""Largest distance outside the box, as a fraction of its side, that is attributed to rounding."""
FEW = 0.05
"""Fraction of positions outside the box up to which they may be cut away."""
_FILLS = 0.9
"""Fraction of the sides along x and y that positions in a box extend over, and angles do not."""
_OTHER_UNITS = (
    (1e3, "coordinates in Gpc/h, to be multiplied by 1000"),
    (1e-2, "coordinates in km/s, to be divided by 100 where distances are velocities over H0"),
    (1e-6, "coordinates in pc/h, to be divided by 1e6"),
)
"""Factors to Mpc/h of units that a catalogue cannot be read in."""


def misfit_error(
    objects: str,
    coordinates: BoxCoordinates,
    *,
    fraction_outside: float,
    low: np.ndarray,
    high: np.ndarray,
    names: Sequence[Column] = (),
    first: str = "",
) -> InputError:
    """Return the error for positions outside their box, or far from filling it.

    Parameters
    ----------
    objects : str
        File and kind of the objects, such as "galaxies.fits: galaxies".
    coordinates : BoxCoordinates
        The coordinates that the positions were read with.
    fraction_outside : float
        Fraction of the objects outside the box.
    low, high : numpy.ndarray, shape (3,)
        Smallest and largest coordinate along each axis in Mpc/h, before the origin is subtracted.
    names : sequence of str or int, shape (3,), optional
        Columns of x, y and z, if rows can be cut by them.
    first : str
        Where the first of the objects outside the box is.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    scale = coordinates.scale("box")
    if error := sky_error(objects, low / scale, high / scale):
        return error
    guess = _guess(coordinates, fraction_outside, low, high, names)
    misfit = "far from filling"
    if fraction_outside:
        place = f" (the first: {first})" if first else ""
        misfit = f"{100 * fraction_outside:.3g} % of them{place} outside"
    sides = coordinates.sides
    size = " x ".join(f"{side:g}" for side in dict.fromkeys(sides.tolist()))
    corner = ", ".join(f"{x:g}" for x in dict.fromkeys(coordinates.corner.tolist()))
    return InputError(
        f"{objects} extend from {low.min():.6g} to {high.max():.6g} Mpc/h, {misfit} the box of "
        f"{size} Mpc/h at origin {corner}, with unit {coordinates.unit}: perhaps {guess}?"
    )


def partly_filled_error(
    objects: str,
    coordinates: BoxCoordinates,
    *,
    low: np.ndarray,
    high: np.ndarray,
    gap: tuple[int, float, float],
    filled: float,
    smaller: bool,
) -> InputError:
    """Return the error for a box without galaxies in part of its volume.

    Parameters
    ----------
    objects, coordinates, low, high
        See `misfit_error`.
    gap : tuple of int, float and float
        Axis and faces in Mpc/h from the lower corner of the widest slab without galaxies.
    filled : float
        Fraction of the box with galaxies.
    smaller : bool
        Whether they fill the smallest box around them.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    scale = coordinates.scale("box")
    fills = high - low > _FILLS * coordinates.sides
    error = None if fills[:2].all() else sky_error(objects, low / scale, high / scale)
    if error:
        return error
    if (high - low < 0.97 * coordinates.sides).all() and _fitting_settings(
        coordinates, low, high, everywhere=True
    ):
        return misfit_error(objects, coordinates, fraction_outside=0.0, low=low, high=high)
    kind = "periodic " if coordinates.periodic else ""
    extents = [f"{name} from {a:.6g} to {b:.6g}" for name, a, b in zip("xyz", low, high)]
    text = (
        f"{objects} fill the {kind}box of {_product(coordinates.sides)} Mpc/h only in part "
        f"({', '.join(extents)}; "
    )
    axis, lower, upper = gap
    letter, side, extent = "xyz"[axis], coordinates.sides[axis], high - low
    flat = [name for name, part in zip("xyz", extent / coordinates.sides) if part < 0.01]
    if flat:
        return InputError(
            f"{text}none elsewhere along {' and '.join(flat)}): choose another column, unit or "
            f"box_size; {SURVEY}"
        )
    if smaller and (extent < 0.97 * coordinates.sides).any():
        origin, sides = _enclosing(low, high)
        return InputError(
            f"{text}none in {(upper - lower) / side:.0%} of {letter}): give box_size: {sides}, "
            f"origin: {origin} and periodic: false; {SURVEY}"
        )
    if upper - lower > 0.1 * side:
        start = coordinates.corner[axis] + lower
        return InputError(
            f"{text}none from {letter} = {start:.6g} to {start + upper - lower:.6g}): give all "
            "parts of the catalogue, or cut it to one part with a box of its own and periodic: "
            f"false; {SURVEY}"
        )
    return InputError(
        f"{text}galaxies in {filled:.0%} of its volume), so that voids would be found outside the "
        f"survey: cut the catalogue to a box inside it; {SURVEY}"
    )


def ends_before_faces_error(
    objects: str, coordinates: BoxCoordinates, *, low: np.ndarray, high: np.ndarray
) -> InputError:
    """Return the error for a box that is a little larger than its galaxies along each axis.

    Parameters
    ----------
    objects, coordinates, low, high
        See `misfit_error`.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    extents = [f"{name} from {a:.6g} to {b:.6g}" for name, a, b in zip("xyz", low, high)]
    origin, sides = _enclosing(low, high)
    cure = "box_size"
    if coordinates.hubble is not None and not coordinates.unit.endswith("/h"):
        cure = f"hubble, which is {coordinates.hubble:g}, or box_size"
    return InputError(
        f"{objects} end before the faces of the box of {_product(coordinates.sides)} Mpc/h along "
        f"each axis ({', '.join(extents)}): correct {cure}; if they are part of a larger box, give "
        f"box_size: {sides}, origin: {origin} and periodic: false"
    )


def _guess(
    coordinates: BoxCoordinates,
    fraction_outside: float,
    low: np.ndarray,
    high: np.ndarray,
    names: Sequence[Column],
) -> str:
    """Return settings with which the positions fit the box."""
    if guess := _fitting_settings(coordinates, low, high, everywhere=False):
        return guess
    sides, corner, scale = coordinates.sides, coordinates.corner, coordinates.scale("box")
    guesses = []
    if names and 0 < fraction_outside <= FEW:
        cut: dict[str, dict[str, float]] = {}
        for axis, name in enumerate(names):
            if low[axis] < corner[axis]:
                cut.setdefault(str(name), {})["min"] = float(corner[axis] / scale)
            if high[axis] > corner[axis] + sides[axis]:
                cut.setdefault(str(name), {})["max"] = float((corner + sides)[axis] / scale)
        guesses.append(f"cut: {json.dumps(cut)} to leave them out")
    if 0.9 < float(np.max((high - low) / sides)) < 1.05:
        lower = np.minimum(np.floor(low), corner)
        upper = np.maximum(np.ceil(high), corner + sides)
        guesses.append(f"box_size: {(upper - lower).tolist()} with origin: {lower.tolist()}")
    return " or ".join(guesses) or "another box_size, origin or unit"


def _fitting_settings(
    coordinates: BoxCoordinates, low: np.ndarray, high: np.ndarray, *, everywhere: bool
) -> str:
    """Return a unit and an origin with which positions fill the box, along one axis or all."""
    scale = coordinates.scale("box")
    raw_low, raw_high = low / scale, high / scale
    for words, factor in _conversions(coordinates, raw_high - raw_low):
        lower, upper = raw_low * factor, raw_high * factor
        ratio = (upper - lower) / coordinates.sides
        filled = ratio.min() > 0.9 if everywhere else ratio.max() > 0.8
        if not filled or ratio.max() > 1 + ROUNDING:
            continue
        origin = _origin(lower, upper, coordinates)
        moved = [] if np.array_equal(origin, coordinates.corner) else [f"origin: {_short(origin)}"]
        if guess := " and ".join(([words] if words else []) + moved):
            return guess
    return ""


def _conversions(coordinates: BoxCoordinates, extent: np.ndarray) -> Iterator[tuple[str, float]]:
    """Yield the unit of the catalogue and others, as words for the user, with factors to Mpc/h."""
    yield "", coordinates.scale("box")
    for unit, factor in (("Mpc/h", 1.0), ("kpc/h", 1e-3)):
        if unit != coordinates.unit:
            yield f"unit: {unit}", factor
    for unit, factor in (("Mpc", 1.0), ("kpc", 1e-3)):
        hubble = 1 / np.max(factor * extent / coordinates.sides)
        if 0.55 < hubble < 0.85:
            hubble = next(h for h in _rounded_down(hubble) if h > 0.99 * hubble)
            yield f"unit: {unit} with hubble: {hubble:g}", hubble * factor
    if np.ptp(coordinates.sides) == 0:
        yield "unit: box", float(coordinates.sides[0])
    for factor, words in _OTHER_UNITS:
        yield words, factor


def _rounded_down(number: float) -> Iterator[float]:
    """Yield a positive number with ever more decimals."""
    for decimals in range(1, 12):
        yield np.floor(number * 10**decimals) / 10**decimals


def _origin(low: np.ndarray, high: np.ndarray, coordinates: BoxCoordinates) -> np.ndarray:
    """Return an origin with which positions lie in the box, as round as possible."""
    sides = coordinates.sides
    choices = [coordinates.corner, np.zeros(3), -sides / 2, np.round(low)]
    choices += [np.floor(low * 10**decimals) / 10**decimals for decimals in range(7)]
    for origin in choices:
        slack = ROUNDING * sides
        if (low >= origin - slack).all() and (high <= origin + sides + slack).all():
            return origin
    return low


def _enclosing(low: np.ndarray, high: np.ndarray) -> tuple[list[float], list[float]]:
    """Return origin and sides of a box around positions, as round as their extent allows."""
    extent = np.maximum(high - low, 1e-6)
    step = 10.0 ** (np.floor(np.log10(extent)) - 2)
    lower = np.floor(low / step) * step
    upper = np.maximum(np.ceil(high / step) * step, lower + step)
    return [float(f"{x:.9g}") for x in lower], [float(f"{x:.9g}") for x in upper - lower]


def _short(values: np.ndarray) -> str:
    """Return three numbers as one where they are equal."""
    numbers = [float(f"{x:.9g}") for x in values]
    return f"{numbers[0]:g}" if len(set(numbers)) == 1 else str(numbers)


def _product(values: np.ndarray) -> str:
    return " x ".join(f"{value:g}" for value in values)
