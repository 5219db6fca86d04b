"""Sides and cells of boxes, as the section `voids` of a configuration states them, and chunks."""

from collections.abc import Mapping, Sequence

CHUNK_SIDE = 64
"""Most cells per side of a chunk of a file: with 1 MiB, slabs and sub-boxes read little beyond
themselves."""


def chunk_side(cells: int) -> int:
    """Return the cells per side of chunks that store little beyond the end of an axis.

    Examples
    --------
    >>> chunk_side(96), chunk_side(192)
    (48, 64)
    """
    return -(-cells // -(-cells // CHUNK_SIDE))


def three(value) -> Sequence:
    """Return the values along x, y and z of a setting that is one value for all or three."""
    return value if isinstance(value, list) else (value,) * 3


def sides(section: Mapping, source: str) -> Sequence[float]:
    """Return the sides of the boxes of a source in Mpc/h, shape (3,)."""
    ((_, entry),) = section["sources"][source].items()
    return three(entry["box_size"])


def is_periodic(source: Mapping) -> bool:
    """Return whether the boxes of the galaxies of a source are periodic."""
    return source.get("catalogue", {}).get("periodic", True) and not is_observed(source)


def is_observed(source: Mapping) -> bool:
    """Return whether the boxes of a source are observed by a simulated survey."""
    return "survey" in source.get("simulation", {})


def cell_side(section: Mapping, grid: Mapping) -> float:
    """Return the side of a cell of a grid in Mpc/h."""
    return float(sides(section, grid["source"])[0]) / three(grid["cells"])[0]


def remainders(cells: Sequence[int], mesh) -> bool:
    """Return whether a coarser mesh does not divide cells."""
    return any(count % coarse for count, coarse in zip(cells, three(mesh)))
