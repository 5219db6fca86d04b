"""Cells of a grid: whether they are cubes, and numbers with which they are."""

from collections.abc import Sequence

CUBIC = 0.02
"""Largest relative difference of the sides of a cell."""
FINEST = 64
"""Largest factor by which proposed cells are finer than those given."""


def unlike_cells(cells: Sequence[int], sides: Sequence[float]) -> str | None:
    """Return what is wrong with the numbers of cells of a grid, if its cells are no cubes.

    Parameters
    ----------
    cells : sequence of int, shape (3,)
        Cells along each axis.
    sides : sequence of float, shape (3,)
        Sides of the box in Mpc/h.

    Returns
    -------
    str or None
        The sides of the cells and numbers that fit, for a message.

    Examples
    --------
    >>> unlike_cells([100, 100, 100], [1000, 1000, 640])
    '[100, 100, 100] in a box of 1000×1000×640 Mpc/h gives cells of 10×10×6.4 Mpc/h; give numbers \
in proportion to the sides, such as [100, 100, 64]'
    """
    if _cubes(cells, sides):
        return None
    lengths = [side / count for side, count in zip(sides, cells)]
    fitting = cubic_cells(max(cells), sides)
    example = "" if fitting is None else f", such as {fitting}"
    return (
        f"{list(cells)} in a box of {_product(sides)} Mpc/h gives cells of {_product(lengths)} "
        f"Mpc/h; give numbers in proportion to the sides{example}"
    )


def cubic_cells(longest: int, sides: Sequence[float]) -> list[int] | None:
    """Return numbers of cells along each axis with which cells are cubes.

    Parameters
    ----------
    longest : int
        Least number of cells along the longest side.
    sides : sequence of float, shape (3,)
        Sides of the box in Mpc/h.

    Returns
    -------
    list of int, shape (3,), or None
        None if there are none with at most 64 times as many along the longest side.

    Examples
    --------
    >>> cubic_cells(100, [10, 1000, 1000])
    [2, 198, 198]
    """
    for count in range(longest, FINEST * longest + 1):
        cells = [max(round(count * side / max(sides)), 2) for side in sides]
        if _cubes(cells, sides):
            return cells
    return None


def _cubes(cells: Sequence[int], sides: Sequence[float]) -> bool:
    lengths = [side / count for side, count in zip(sides, cells)]
    return max(lengths) <= (1 + CUBIC) * min(lengths)


def _product(values: Sequence[float]) -> str:
    return "×".join(f"{value:.4g}" for value in values)
