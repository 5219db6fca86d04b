"""torchvision's ResNet with its strides changed to keep a quarter of the input's resolution.

He et al. 2015 (arXiv:1512.03385). Where a stride is taken out, the convolutions behind it are
dilated instead (Yu & Koltun 2016, arXiv:1511.07122), so that pretrained filters see what they were
trained to.
"""

import logging
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.models.parts.torchvision_import import torchvision

_BLOCKS = {
    18: ("BasicBlock", [2, 2, 2, 2]),
    34: ("BasicBlock", [3, 4, 6, 3]),
    50: ("Bottleneck", [3, 4, 6, 3]),
    "original": ("BasicBlock", [4, 4, 4, 1]),
}
_MAP_FACTOR = 4

log = logging.getLogger(__name__)


class ResNet(nn.Module):
    """Maps (b, channels, H, W) to logits of a map at H/4 × W/4, or to a vector of scalars.

    Parameters
    ----------
    channels
        Channels of the input; pretrained filters of the first layer are averaged over colour.
    outputs
        Channels of the map, or scalars.
    head
        ``"map"``: a 1×1 convolution, (b, outputs, H/4, W/4) logits. ``"scalars"``: the features'
        mean over the map and a linear layer, (b, outputs).
    depth
        18, 34 or 50; or ``"original"``: the blocks [4, 4, 4] without dilation of the published void
        network (5.9 million parameters).
    stages
        How many of the four stages to keep; the published network ends after three.
    factor
        Cells of the input to a cell of the last features, per axis: 4, 8, 16 or 32. Maps whose
        features are coarser than 4 are interpolated back.
    pretrained
        ``"cache"``: the ImageNet weights in torchvision's cache where they are there; nothing is
        downloaded. A path: the weights in that file. None: from scratch.

    Attributes
    ----------
    pretrained : str
        Where the weights came from, or ``"none"`` and why.

    Raises
    ------
    InputError
        If a setting has a value that is not allowed, or the weights at a path do not fit.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 1,
        head: str = "map",
        depth: int | str = 18,
        stages: int = 3,
        factor: int = 4,
        pretrained: str | None = "cache",
    ):
        super().__init__()
        _check("model.head", head, ("map", "scalars"))
        _check("model.depth", depth, tuple(_BLOCKS))
        _check("model.stages", stages, (1, 2, 3, 4))
        _check("model.factor", factor, (4, 8, 16, 32))
        self.head = head
        block, blocks = _BLOCKS[depth]
        block = getattr(torchvision.models.resnet, block)
        whole = torchvision.models.resnet.ResNet(block, blocks)
        self.trunk = nn.Sequential()
        for name in ("conv1", "bn1", "relu", "maxpool"):
            self.trunk.add_module(name, getattr(whole, name))
        for stage in range(1, stages + 1):
            self.trunk.add_module(f"layer{stage}", getattr(whole, f"layer{stage}"))
        keep_resolution(self.trunk, factor, dilate=depth != "original")
        self.pretrained = load_pretrained(self.trunk, depth, pretrained)
        adapt_channels(self.trunk, channels)
        features = 64 * 2 ** (stages - 1) * block.expansion
        self.read = (
            nn.Conv2d(features, outputs, 1) if head == "map" else nn.Linear(features, outputs)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs, H/4, W/4), or scalars (b, outputs)."""
        features = self.trunk(x)
        if self.head == "scalars":
            return self.read(features.mean((2, 3)))
        logits = self.read(features)
        size = [length // _MAP_FACTOR for length in x.shape[2:]]
        if list(logits.shape[2:]) == size:
            return logits
        return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def keep_resolution(trunk: nn.Sequential, factor: int, dilate: bool) -> None:
    """Take out the strides of `trunk` beyond a total of `factor`; dilate what follows instead."""
    reached, dilation = 4, 1
    for name, stage in trunk.named_children():
        if name not in ("layer2", "layer3", "layer4"):
            continue
        if 2 * reached <= factor:
            reached *= 2
            continue
        dilation = 2 * dilation if dilate else 1
        for convolution in stage.modules():
            if isinstance(convolution, nn.Conv2d):
                convolution.stride = (1, 1)
                if convolution.kernel_size == (3, 3):
                    convolution.dilation = convolution.padding = (dilation, dilation)


def load_pretrained(trunk: nn.Sequential, depth: int | str, source: str | None) -> str:
    """Load ImageNet weights into `trunk` (of three input channels) and say where they came from."""
    if source is None:
        return "none: from scratch, as asked"
    if source == "cache":
        if depth == "original":
            return "none: the original network has no published weights"
        weights = torchvision.models.get_model_weights(f"resnet{depth}").DEFAULT
        path = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
        if not path.is_file():
            reason = f"none: no pretrained weights at {path}; training starts from scratch"
            log.warning(reason)
            return reason
    else:
        path = Path(source)
        if not path.is_file():
            raise InputError(
                f"model.pretrained: no file {path}; give a state_dict of resnet{depth}"
            )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        wanted = trunk.state_dict()
        trunk.load_state_dict({name: found[name] for name in wanted})
    except (KeyError, RuntimeError, AttributeError, TypeError, ValueError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"model.pretrained: {path} holds no weights of resnet{depth} ({reason})"
        ) from error
    return str(path)


def adapt_channels(trunk: nn.Sequential, channels: int) -> None:
    """Give the first convolution `channels` inputs, its filters averaged over the three colours.

    The sum over inputs is kept, so that the response to equal channels is that of a grey image.
    """
    colour = trunk.conv1
    if channels == colour.in_channels:
        return
    grey = nn.Conv2d(channels, colour.out_channels, 7, stride=2, padding=3, bias=False)
    with torch.no_grad():
        summed = colour.weight.sum(1, keepdim=True)
        grey.weight.copy_(summed.expand_as(grey.weight) / channels)
    trunk.conv1 = grey


def _check(key: str, value: object, allowed: tuple) -> None:
    if value not in allowed:
        raise InputError(f"{key}: {value!r} is none of {', '.join(map(str, allowed))}")


NETWORK = ResNet
