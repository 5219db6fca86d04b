"""Import torchvision beside a torch that it was not built for.

The package index's torchvision is built for CUDA. Beside a CPU-only torch its operator library
cannot be loaded, and its import fails on the operators whose shapes it registers. It succeeds once
the schemas of those operators are defined: models, transforms and utilities work, while
`torchvision.ops.nms` and the image codecs of `torchvision.io` stay unavailable.

Other modules write ``from cosmodag.models.parts.torchvision_import import torchvision``.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _operators_load() -> bool:
    """Return whether torchvision's operator library can be loaded into this torch."""
    package = importlib.util.find_spec("torchvision")
    if package is None or not package.submodule_search_locations:
        raise ImportError("torchvision is not installed")
    folder = Path(package.submodule_search_locations[0])
    libraries = [path for path in folder.glob("_C*") if path.suffix in {".so", ".pyd", ".dylib"}]
    try:
        for library in libraries:
            torch.ops.load_library(library)
    except (OSError, RuntimeError):
        return False
    return bool(libraries)


if not _operators_load():
    # The library object must outlive the import: the schemas vanish with it.
    _definitions = torch.library.Library("torchvision", "DEF")
    for _schema in _SCHEMAS:
        _definitions.define(_schema)

import torchvision  # noqa: E402

__all__ = ["torchvision"]
