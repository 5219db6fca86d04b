"""Cells and weights of the mass-assignment methods.

Cell ``i`` of an axis covers ``[i, i + 1) h`` with ``h = box_size / n``, so its centre lies at
``(i + 1/2) h``. A particle at ``s = x / h`` touches `width` cells from ``floor(s - shift)`` on,
and the fraction ``f = s - shift - floor(s - shift)`` sets their weights (Hockney & Eastwood 1988,
section 5-3):

======  =====  =====  =======================================
method  width  shift  weights
======  =====  =====  =======================================
ngp     1      0      1
cic     2      1/2    1 - f, f
tsc     3      1      (1 - f)²/2, 3/4 - (f - 1/2)², f²/2
======  =====  =====  =======================================

PySCo counts alike. Codes that put grid *points* at ``i h`` (Pylians, abacusutils) agree with an
`offset` of half a cell.
"""

from numba import njit

from cosmodag.errors import InputError

METHODS = ("ngp", "cic", "tsc")


def stencil(method: str) -> tuple[int, ...]:
    """Cells touched along an axis, counted from the first: ``(0,)``, ``(0, 1)`` or ``(0, 1, 2)``.

    A tuple, since its length is part of its type: kernels that take it and loop over
    ``range(len(cells))`` are compiled for each method, with their loops unrolled.

    Raises
    ------
    InputError
        If `method` is not one of `METHODS`.
    """
    if method not in METHODS:
        raise InputError(f"mass assignment {method!r} is unknown: choose one of {METHODS}")
    return tuple(range(METHODS.index(method) + 1))


def shift(method: str) -> float:
    """Distance in cells from a particle down to the point that its first cell is counted from."""
    return (len(stencil(method)) - 1) / 2


@njit(cache=True, nogil=True)
def axis_weights(fraction, cells):
    """Weights of the cells of a stencil, for a particle `fraction` of a cell past its first."""
    f = fraction
    g = 1 - fraction
    if len(cells) == 1:
        return (1.0,)
    if len(cells) == 2:
        return (g, f)
    return (g * g / 2, 3 / 4 - (f - 1 / 2) * (f - 1 / 2), f * f / 2)


@njit(cache=True, nogil=True)
def inside(i, n, periodic):
    """Index inside the grid of a cell that may lie beyond: wrapped, or held at the edge."""
    if 0 <= i < n:
        return i
    return i % n if periodic else min(max(i, 0), n - 1)
