"""What the examples of an entry of `cutouts` will contain, as the configuration implies it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

INDEX_BYTES = 300
"""Size of the columns of one example."""


@dataclass(frozen=True)
class ExampleFormat:
    """Shapes, channels, columns and number of independent groups of examples.

    Attributes
    ----------
    shape : tuple of int
        Shape of the input without channels: a map or a cube.
    channels : tuple of str
        Channels of the input.
    target_shape : tuple of int
        Shape of the target without channels; empty if the target is not a map or cube.
    target_channels : tuple of str
        Channels of the target map or cube.
    columns : tuple of str or None
        Numeric columns; None if they depend on the data.
    classes : mapping from str to int
        Columns of classes, with the number of values that the classes represent.
    groups : int or None
        Number of independent groups; None if it depends on the data.
    periodic : bool
        Whether examples are slices or cubes of a whole periodic box.
    cubes : bool
        Whether cubes are read from grids during training.
    count : int or None
        Number of examples, roughly; None if it depends on the data.
    """

    shape: tuple[int, ...]
    channels: tuple[str, ...]
    target_shape: tuple[int, ...] = ()
    target_channels: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    classes: Mapping[str, int] = field(default_factory=dict)
    groups: int | None = None
    periodic: bool = False
    cubes: bool = False
    count: int | None = None

    @property
    def side(self) -> int:
        """Cells or pixels per side of the input."""
        return self.shape[-1]

    @property
    def megabytes(self) -> float:
        """Size of all examples on disk in MB; 0 if their number depends on the data."""
        x = 0 if self.cubes else math.prod(self.shape) * len(self.channels)
        y = 0 if self.cubes else math.prod(self.target_shape) * len(self.target_channels)
        return (self.count or 0) * (4 * (x + y) + INDEX_BYTES) / 1e6
