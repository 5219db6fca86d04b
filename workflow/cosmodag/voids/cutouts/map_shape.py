"""Lengths of sub-boxes and of their maps."""

import dataclasses
from collections.abc import Sequence

from cosmodag.errors import InputError


@dataclasses.dataclass(frozen=True)
class MapShape:
    """Lengths of a sub-box and of its maps.

    Parameters
    ----------
    side, depth : int
        Lengths across and along the line of sight in cells.
    layers : int
        Number of layers of equal depth, one input channel each.
    factor : int
        Cells per pixel of the target maps along each side.
    margin_depth : int
        Cells by which the input reaches beyond the sub-box at both ends of the line of sight, in
        further layers.
    input_factor : int
        Cells per pixel of the input maps along each side.

    Raises
    ------
    InputError
        A length is not positive, or does not divide by the parts that it is cut into.
    """

    side: int
    depth: int
    layers: int = 1
    factor: int = 4
    margin_depth: int = 0
    input_factor: int = 1

    def __post_init__(self):
        for name in ("side", "depth", "layers", "factor", "input_factor"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: it must be at least 1")
        if self.margin_depth < 0:
            raise InputError(f"margin_depth is {self.margin_depth}: it must be at least 0")
        for name, part, parts in (
            ("depth", self.layers, f"layers: {self.layers} equal parts"),
            ("margin_depth", self.thickness, "layers of the depth"),
            ("side", self.factor, f"factor {self.factor}"),
            ("factor", self.input_factor, f"input_factor {self.input_factor}"),
        ):
            if getattr(self, name) % part:
                raise InputError(
                    f"{name} {getattr(self, name)} cells does not divide by {parts}: choose a "
                    f"multiple of {part}"
                )

    @property
    def thickness(self) -> int:
        """Cells of a layer along the line of sight."""
        return max(self.depth // self.layers, 1)

    @property
    def margin_layers(self) -> int:
        """Layers of the margin at each end of the line of sight."""
        return self.margin_depth // self.thickness

    @property
    def input_layers(self) -> int:
        """Layers of the input with both margins."""
        return self.layers + 2 * self.margin_layers

    @property
    def input_depth(self) -> int:
        """Cells of the input along the line of sight."""
        return self.depth + 2 * self.margin_depth

    @property
    def within(self) -> slice:
        """Input channels of the overdensity inside the sub-box, without margins."""
        return slice(self.margin_layers, self.margin_layers + self.layers)

    @property
    def x_side(self) -> int:
        """Side of the input maps in pixels."""
        return self.side // self.input_factor

    @property
    def pixels(self) -> int:
        """Side of the target maps in pixels."""
        return self.side // self.factor

    def x_channels(self, fields: Sequence[str] = ()) -> list[str]:
        """Return the names of the input channels.

        Parameters
        ----------
        fields : sequence of str
            Fields beside the overdensity.

        Examples
        --------
        >>> MapShape(16, 8, layers=2).x_channels(["smoothed_4"])
        ['overdensity_0', 'overdensity_1', 'smoothed_4_0', 'smoothed_4_1']
        >>> MapShape(16, 8, margin_depth=8).x_channels()
        ['overdensity_before_0', 'overdensity', 'overdensity_after_0']
        """
        return channel_names(self.layers, self.margin_layers, fields)


def channel_names(layers: int, margin_layers: int = 0, fields: Sequence[str] = ()) -> list[str]:
    """Return the names of the layers of the overdensity, then of those of each field.

    Layers ascend along the line of sight: those before the sub-box, its own, those after it.
    """
    own = [""] if layers == 1 else [f"_{layer}" for layer in range(layers)]
    before, after = (
        [f"_{where}_{layer}" for layer in range(margin_layers)] for where in ("before", "after")
    )
    places = [*before, *own, *after]
    return [f"{name}{place}" for name in ("overdensity", *fields) for place in places]
