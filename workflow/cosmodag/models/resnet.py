"""torchvision's ResNet with strides changed to keep a quarter of the input's resolution.

He et al. 2015 (arXiv:1512.03385). Where a stride is removed, the convolutions after it are dilated
instead (Yu & Koltun 2016, arXiv:1511.07122), so that pretrained filters keep their field of view.
"""

import logging
import zipfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.models.parts.torchvision_import import torchvision

_BLOCKS: dict[int | str, tuple[str, list[int]]] = {
    18: ("BasicBlock", [2, 2, 2, 2]),
    34: ("BasicBlock", [3, 4, 6, 3]),
    50: ("Bottleneck", [3, 4, 6, 3]),
    "original": ("BasicBlock", [4, 4, 4, 1]),
}
UNREADABLE = (
    KeyError,
    RuntimeError,
    AttributeError,
    TypeError,
    ValueError,
    EOFError,
    zipfile.BadZipFile,
)
"""Errors of files that are no weights of the network."""
_MAP_FACTOR = 4

log = logging.getLogger(__name__)


class ResNet(nn.Module):
    """Network from maps (b, channels, H, W) to logits of a map at H/4 × W/4, or to scalars.

    Parameters
    ----------
    channels : int
        Channels of the input; pretrained filters of the first layer are averaged over colours.
    outputs : int
        Channels of the map, or number of scalars.
    head : {"map", "scalars"}
        ``"map"``: a 1×1 convolution, logits (b, outputs, H/4, W/4). ``"scalars"``: the features
        averaged over the map and a linear layer, (b, outputs).
    depth : {18, 34, 50, "original"}
        Number of layers; or ``"original"``: the blocks [4, 4, 4] without dilation, 5.9 million
        parameters, of Deep-Learning-Cosmic-Void-2019.
    stages : {1, 2, 3, 4}
        Number of stages to keep; the original network ends after three.
    factor : {4, 8, 16, 32}
        Input cells per cell of the last features, along each axis. Maps from features coarser than
        4 cells are interpolated.
    pretrained : str or None
        ``"cache"``: the ImageNet weights in torchvision's cache, if present; nothing is downloaded.
        A path: the weights in that file. None: random weights.

    Attributes
    ----------
    pretrained : str
        Path of the weights, or ``"none: "`` and the reason.

    Raises
    ------
    InputError
        If a setting is not allowed, or the weights at a path do not fit.
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
        block_name, blocks = _BLOCKS[depth]
        block = getattr(torchvision.models.resnet, block_name)
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
        self.output_layer: nn.Module
        if head == "map":
            self.output_layer = nn.Conv2d(features, outputs, 1)
        else:
            self.output_layer = nn.Linear(features, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs, H/4, W/4), or scalars (b, outputs)."""
        features = self.trunk(x)
        if self.head == "scalars":
            return self.output_layer(features.mean((2, 3)))
        logits = self.output_layer(features)
        size = [length // _MAP_FACTOR for length in x.shape[2:]]
        if list(logits.shape[2:]) == size:
            return logits
        return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def keep_resolution(trunk: nn.Sequential, factor: int, dilate: bool) -> None:
    """Remove the strides of a trunk beyond a total of `factor`.

    Parameters
    ----------
    trunk : torch.nn.Sequential
        First layers and stages of a ResNet, changed in place.
    factor : int
        Input cells per cell of the last features.
    dilate : bool
        Whether to dilate the convolutions after a removed stride.
    """
    total_stride, dilation = 4, 1
    for name, stage in trunk.named_children():
        if name not in ("layer2", "layer3", "layer4"):
            continue
        if 2 * total_stride <= factor:
            total_stride *= 2
            continue
        dilation = 2 * dilation if dilate else 1
        for convolution in stage.modules():
            if isinstance(convolution, nn.Conv2d):
                convolution.stride = (1, 1)
                if convolution.kernel_size == (3, 3):
                    convolution.dilation = convolution.padding = (dilation, dilation)


def load_pretrained(trunk: nn.Sequential, depth: int | str, source: str | None) -> str:
    """Load ImageNet weights into a trunk of three input channels.

    Parameters
    ----------
    trunk : torch.nn.Sequential
        First layers and stages of a ResNet, changed in place.
    depth : {18, 34, 50, "original"}
        Number of layers.
    source : str or None
        ``"cache"``, a path or None, see `ResNet`.

    Returns
    -------
    str
        Path of the weights, or ``"none: "`` and the reason.

    Raises
    ------
    InputError
        If the file is missing or its weights do not fit.
    """
    if source is None:
        return "none: from scratch, as asked"
    if source == "cache":
        if depth == "original":
            return "none: the original network has no published weights"
        url = torchvision.models.get_model_weights(f"resnet{depth}").DEFAULT.url
        path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
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
        # torch does not compare the checksums inside its archives.
        if zipfile.is_zipfile(path) and (damaged := zipfile.ZipFile(path).testzip()):
            raise ValueError(f"{damaged} is damaged")
        weights = torch.load(path, map_location="cpu", weights_only=True)
        trunk.load_state_dict({name: weights[name] for name in trunk.state_dict()})
    except UNREADABLE as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"model.pretrained: {path} contains no weights of resnet{depth} ({reason})"
        ) from error
    return str(path)


def adapt_channels(trunk: nn.Sequential, channels: int) -> None:
    """Change the input channels of the first convolution; average its filters over the colours.

    The sum over inputs is preserved, so that equal channels give the response to a grey image.

    Parameters
    ----------
    trunk : torch.nn.Sequential
        First layers and stages of a ResNet, changed in place.
    channels : int
        Channels of the input.
    """
    colour = trunk.get_submodule("conv1")
    assert isinstance(colour, nn.Conv2d)
    if channels == colour.in_channels:
        return
    grey = nn.Conv2d(channels, colour.out_channels, 7, stride=2, padding=3, bias=False)
    with torch.no_grad():
        summed = colour.weight.sum(1, keepdim=True)
        grey.weight.copy_(summed.expand_as(grey.weight) / channels)
    trunk.conv1 = grey


def _check(key: str, value: object, allowed: tuple) -> None:
    """Raise an InputError if the value of a setting is not allowed."""
    if value not in allowed:
        raise InputError(f"{key}: {value!r} is none of {', '.join(map(str, allowed))}")


NETWORK = ResNet
