"""A residual U-Net that works at a quarter of its input's resolution.

Maps of galaxies are sparse and noisy, and what is asked of them (void maps) is smooth and coarser
by a factor of 4. So the first layer folds 4×4 cells into channels, and all further work is done on
the coarse grid, where a convolution costs a sixteenth and reaches four times as far.

Ronneberger, Fischer & Brox 2015 (arXiv:1505.04597), with pre-activated residual blocks (He et al.
2016, arXiv:1603.05027). Group normalisation (Wu & He 2018, arXiv:1803.08494) depends neither on
the other examples of a batch nor on how a batch is divided between ranks, and takes batches of
one. But it divides out the contrast of a map, which tells its cosmology: where that varies, batch
normalisation does better (validation splits of `config/standard.yaml`: counts R² 0.32 against
0.20, void maps a loss of 0.420 against 0.430 after one epoch).
"""

import torch
from torch import nn
from torch.nn import functional

from cosmodag.errors import InputError

_CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_BATCH_NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_DROPOUT = {2: nn.Dropout2d, 3: nn.Dropout3d}


class UNet(nn.Module):
    """Maps (b, channels, H, W) to logits of a map or to a vector of scalars.

    Parameters
    ----------
    channels
        Channels of the input.
    outputs
        Channels of the map, or scalars.
    head
        ``"map"``: (b, outputs, H/factor, W/factor) logits. ``"scalars"``: (b, outputs), read off
        the features' mean over the map.
    width
        Channels at the finest level; they double with each level, up to eight times the width.
    levels
        How often the grid is halved below the finest level; sizes that do not divide are padded.
    blocks
        Residual blocks at each level of the encoder and of the decoder.
    factor
        Cells of the input to a cell of the map, per axis; H and W must be multiples of it.
    norm
        ``"group"`` or ``"batch"``.
    dropout
        Probability with which a channel is dropped inside a block during training.
    dimensions
        2 for maps, 3 for cubes (b, channels, D, H, W).
    padding
        ``"zeros"``; or ``"circular"`` for maps of whole periodic boxes, whose edges touch.

    Raises
    ------
    InputError
        If a setting has a value that is not allowed, or an input does not divide by `factor`.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 1,
        head: str = "map",
        width: int = 32,
        levels: int = 3,
        blocks: int = 1,
        factor: int = 4,
        norm: str = "group",
        dropout: float = 0.0,
        dimensions: int = 2,
        padding: str = "zeros",
    ):
        super().__init__()
        if padding not in ("zeros", "circular"):
            raise InputError(f"model.padding: {padding!r} is neither 'zeros' nor 'circular'")
        if head not in ("map", "scalars"):
            raise InputError(f"model.head: {head!r} is neither 'map' nor 'scalars'")
        if norm not in ("group", "batch"):
            raise InputError(f"model.norm: {norm!r} is neither 'group' nor 'batch'")
        if norm == "group" and width % 8:
            raise InputError(f"model.width: {width} is not a multiple of 8, as norm 'group' needs")
        self.factor, self.levels, self.head = factor, levels, head
        widths = [width * min(2**level, 8) for level in range(levels + 1)]

        def stage(entering: int, leaving: int) -> nn.Sequential:
            sizes = [entering] + [leaving] * blocks
            return nn.Sequential(
                *(
                    ResidualBlock(sizes[i], sizes[i + 1], norm, dropout, dimensions, padding)
                    for i in range(blocks)
                )
            )

        # Batch normalisation takes a bias away again; its gradient would be rounding noise alone.
        bias = norm != "batch"
        convolution, transposed = _CONVOLUTION[dimensions], _TRANSPOSED[dimensions]
        around = {"padding": 1, "bias": bias, "padding_mode": padding}
        self.stem = convolution(channels * factor**dimensions, width, 3, **around)
        self.encoder = nn.ModuleList(stage(w, w) for w in widths)
        self.down = nn.ModuleList(
            convolution(widths[i], widths[i + 1], 3, stride=2, **around) for i in range(levels)
        )
        self.up = nn.ModuleList(
            transposed(widths[i + 1], widths[i], 2, stride=2, bias=bias) for i in range(levels)
        )
        self.decoder = nn.ModuleList(stage(2 * widths[i], widths[i]) for i in range(levels))
        self.final = nn.Sequential(_normalisation(norm, width, dimensions), nn.SiLU())
        if head == "map":
            self.read = convolution(width, outputs, 1)
        else:
            self.read = nn.Sequential(
                nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, outputs)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs, *size/factor), or scalars (b, outputs)."""
        features = self.features(x)
        if self.head == "scalars":
            features = features.flatten(2).mean(2)
        return self.read(features)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last features, (b, width, *size/factor)."""
        x = self.stem(space_to_depth(x, self.factor))
        size = x.shape[2:]
        x = _pad(x, 2**self.levels)
        finer = []
        for level in range(self.levels):
            x = self.encoder[level](x)
            finer.append(x)
            x = self.down[level](x)
        x = self.encoder[self.levels](x)
        for level in reversed(range(self.levels)):
            x = self.decoder[level](torch.cat([self.up[level](x), finer[level]], dim=1))
        x = x[(..., *(slice(length) for length in size))]
        return self.final(x)


class ResidualBlock(nn.Module):
    """Two convolutions of 3 cells, each after normalisation and SiLU, added to the input."""

    def __init__(
        self,
        entering: int,
        leaving: int,
        norm: str,
        dropout: float,
        dimensions: int,
        padding: str = "zeros",
    ):
        super().__init__()
        convolution = _CONVOLUTION[dimensions]
        around = {"padding": 1, "bias": norm != "batch", "padding_mode": padding}
        self.branch = nn.Sequential(
            _normalisation(norm, entering, dimensions),
            nn.SiLU(),
            convolution(entering, leaving, 3, **around),
            _normalisation(norm, leaving, dimensions),
            nn.SiLU(),
            _DROPOUT[dimensions](dropout) if dropout else nn.Identity(),
            convolution(leaving, leaving, 3, **around),
        )
        # A branch that starts at zero lets a deep stack begin as the identity.
        nn.init.zeros_(self.branch[-1].weight)
        if norm != "batch":
            nn.init.zeros_(self.branch[-1].bias)
        self.skip = nn.Identity()
        if entering != leaving:
            self.skip = convolution(entering, leaving, 1, bias=norm != "batch")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.skip(x) + self.branch(x)


def space_to_depth(x: torch.Tensor, factor: int) -> torch.Tensor:
    """Fold blocks of cells into channels: (b, c, *size) to (b, c factor^d, *size/factor)."""
    size = x.shape[2:]
    if any(length % factor for length in size):
        shape = "×".join(map(str, size))
        raise InputError(f"model.factor: an input of {shape} cells does not divide by {factor}")
    blocks = [part for length in size for part in (length // factor, factor)]
    dimensions = len(size)
    coarse = [2 + 2 * axis for axis in range(dimensions)]
    inside = [3 + 2 * axis for axis in range(dimensions)]
    x = x.reshape(*x.shape[:2], *blocks).permute(0, 1, *inside, *coarse)
    return x.reshape(x.shape[0], x.shape[1] * factor**dimensions, *x.shape[2 + dimensions :])


def _pad(x: torch.Tensor, multiple: int) -> torch.Tensor:
    """Pad the end of each axis of `x` with zeros to a multiple of `multiple`."""
    missing = [-length % multiple for length in x.shape[2:]]
    if not any(missing):
        return x
    return functional.pad(x, [part for length in reversed(missing) for part in (0, length)])


def _normalisation(norm: str, channels: int, dimensions: int) -> nn.Module:
    return nn.GroupNorm(8, channels) if norm == "group" else _BATCH_NORM[dimensions](channels)


NETWORK = UNet
