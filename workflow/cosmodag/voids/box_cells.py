"""Sides and cells of boxes, as the section `voids` of a configuration states them."""

from collections.abc import Mapping, Sequence


def three(value) -> Sequence:
    """Return the values along x, y and z of a setting that is one value for all or three."""
    return value if isinstance(value, list) else (value,) * 3


def sides(section: Mapping, source: str) -> Sequence[float]:
    """Return the sides of the boxes of a source in Mpc/h, shape (3,)."""
    ((_, entry),) = section["sources"][source].items()
    return three(entry["box_size"])


def cell_side(section: Mapping, grid: Mapping) -> float:
    """Return the side of a cell of a grid in Mpc/h."""
    return float(sides(section, grid["source"])[0]) / three(grid["cells"])[0]


def remainders(cells: Sequence[int], mesh) -> bool:
    """Return whether a coarser mesh does not divide cells."""
    return any(count % coarse for count, coarse in zip(cells, three(mesh)))
