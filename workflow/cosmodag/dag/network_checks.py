"""Checks whether a network fits the examples and the task that a run gives it."""

from collections.abc import Mapping

from cosmodag import settings
from cosmodag.dag.example_format import ExampleFormat
from cosmodag.schema_errors import ConfigError

Keys = tuple[str, ...]

ENCODED_CHANNELS, ENCODED_FACTOR = 8, 8
"""Channels of the latent of the autoencoder, and pixels of its input per pixel along each axis."""
RESNET_FACTOR = 4
UNET_FACTOR = 4
"""Cells of the input per cell of the output, where the target does not determine it."""


def check(keys: Keys, run: Mapping, example_format: ExampleFormat) -> None:
    """Check that a network has the output that the task needs and accepts the input.

    Parameters
    ----------
    keys : tuple of str
        Keys of the network in the configuration.
    run : mapping
        The completed run.
    example_format : ExampleFormat
        What the examples contain.

    Raises
    ------
    ConfigError
    """
    task, model = run["task"], run["model"]
    part = settings.section(f"$defs/{model['name']}_model")
    model = {
        key: entry["default"]
        for key, entry in settings.keys(f"$defs/{model['name']}_model")
        if "default" in entry
    } | model
    _check_head(keys, task, part, model["name"])
    side, channels = example_format.side, len(example_format.channels)
    if "encoder" in run:
        side, channels = side // ENCODED_FACTOR, ENCODED_CHANNELS
    dimensions = {"unet": model.get("dimensions", 2), "unet3d": 3}.get(model["name"], 2)
    layered = model["name"] == "unet3d" and model.get("channels") == 1
    if dimensions != len(example_format.shape) and not layered:
        wants, has = ("cubes", "maps") if dimensions == 3 else ("maps", "cubes")
        cure = "unet" if dimensions == 3 else "unet3d"
        raise ConfigError(
            (*keys, "name"),
            f"{model['name']} needs {wants}, but the examples are {has}; choose {cure}",
        )
    multiple = part.get("x-side-multiple", 1)
    if side % multiple:
        raise ConfigError(
            (*keys, "name"),
            f"{model['name']} needs a side that is a multiple of {multiple}, but the input has "
            f"{side} pixels per side",
        )
    if model.get("padding") == "circular" and not example_format.periodic:
        raise ConfigError(
            (*keys, "padding"),
            "circular, but the examples are parts of a box or of the sky, whose opposite edges do "
            "not touch; set padding: zeros",
        )
    special = _SPECIAL.get(model["name"])
    if special is not None:
        special(keys, model, run, example_format, side, channels)


def _check_head(keys: Keys, task: Mapping, part: Mapping, model: str) -> None:
    head = {
        "map": task.get("head", "map"),
        "reconstruction": "map",
        "latent": "latent",
    }.get(task["name"], "scalars")
    pairs = (model == "siamese") == (task["name"] == "matching")
    if head in part["x-heads"] and pairs:
        return
    fitting = [
        name
        for name, other in _networks().items()
        if head in other["x-heads"] and (name == "siamese") == (task["name"] == "matching")
    ]
    raise ConfigError(
        (*keys, "name"),
        f"{model} is not a network for the task {task['name']}"
        f"{' with head: cube' if head == 'cube' else ''}; choose from {', '.join(fitting)}",
    )


def _networks() -> dict[str, dict]:
    references = settings.section("$defs/model")["oneOf"]
    parts = [settings.section(each["$ref"].removeprefix("#/")) for each in references]
    return {part["properties"]["name"]["const"]: part for part in parts}


def _check_unet(keys, model, run, example_format, side, channels) -> None:
    target = example_format.target_shape
    if run["task"]["name"] == "map" and target:
        factor = model.get("factor", side // target[-1])
        if side != factor * target[-1]:
            raise ConfigError(
                (*keys, "factor"),
                f"{factor}, but an input of {side} and a target of {target[-1]} cells per side "
                f"need {side // target[-1]}; remove this key",
            )
    else:
        factor = model.get("factor", UNET_FACTOR)
    if run["task"]["name"] == "reconstruction" and factor != 1:
        raise ConfigError(
            (*keys, "factor"), f"{factor} reduces the resolution of the reconstruction; give 1"
        )
    if side % factor:
        raise ConfigError((*keys, "factor"), f"{factor} does not divide {side} cells per side")
    if len(example_format.shape) == 2 and model["name"] == "unet3d" and channels % factor:
        raise ConfigError(
            (*keys, "factor"), f"{factor} does not divide the {channels} layers of the input"
        )
    cells = side // factor
    # The network pads sides that do not divide, so the last halving needs two cells alone.
    if 2 ** (model["levels"] - 1) >= cells:
        raise ConfigError(
            (*keys, "levels"),
            f"{model['levels']} halvings need more than {2 ** (model['levels'] - 1)} cells per "
            f"side, but {side} / factor {factor} leaves {cells}; give at most "
            f"{(cells - 1).bit_length()}",
        )
    if model["norm"] == "group" and model["width"] % 8:
        raise ConfigError(
            (*keys, "width"),
            f"{model['width']} is not a multiple of 8, which norm: group needs",
        )


def _check_resnet(keys, model, run, example_format, side, channels) -> None:
    target = example_format.target_shape
    if run["task"]["name"] == "map" and target and side // RESNET_FACTOR != target[-1]:
        raise ConfigError(
            (*keys, "name"),
            f"resnet gives maps at 1/{RESNET_FACTOR} of the input, {side // RESNET_FACTOR} cells "
            f"per side, but the target has {target[-1]}; set factor: {RESNET_FACTOR} in the "
            "cutouts, or choose unet",
        )
    if run["task"]["name"] == "reconstruction":
        raise ConfigError(
            (*keys, "name"), "resnet reduces the resolution; choose autoencoder or unet"
        )


def _check_autoencoder(keys, model, run, example_format, side, channels) -> None:
    target = example_format.target_shape
    if run["task"]["name"] == "map" and target and target[-1] != side:
        raise ConfigError(
            (*keys, "name"),
            f"autoencoder gives maps of {side} cells per side, but the target has {target[-1]}; "
            "choose unet",
        )


def _check_waveencoder(keys, model, run, example_format, side, channels) -> None:
    task = run["task"]
    if task["name"] != "reconstruction" or task.get("loss") != "squared":
        raise ConfigError(
            (*keys, "name"),
            "waveencoder gives the input itself; choose the task {name: reconstruction, loss: "
            "squared}",
        )
    if not channels <= model.get("latent_dim", channels) <= channels * side**2:
        raise ConfigError(
            (*keys, "latent_dim"),
            f"{model['latent_dim']} numbers for {channels} slices of {side**2} pixels; give "
            f"{channels} to {channels * side**2}",
        )


def _check_vae(keys, model, run, example_format, side, channels) -> None:
    factor = 2 ** len(model["widths"])
    if side % factor:
        raise ConfigError(
            (*keys, "widths"),
            f"{len(model['widths'])} halvings need a side that is a multiple of {factor}, but the "
            f"input has {side} pixels per side",
        )


def _check_convnet(keys, model, run, example_format, side, channels) -> None:
    left = side
    for count in range(len(model["widths"])):
        left = (left - 2) // 2
        if left < 1:
            raise ConfigError(
                (*keys, "widths"),
                f"{len(model['widths'])} convolutions leave nothing of {side} pixels per side; "
                f"give at most {count}",
            )


def _check_galaxynet(keys, model, run, example_format, side, channels) -> None:
    bands = [name for name in example_format.channels if name.endswith("_image")]
    planes = [name for name in example_format.channels if name not in bands]
    if model["conditions"] != len(planes):
        raise ConfigError(
            (*keys, "conditions"),
            f"{model['conditions']}, but the input has {len(planes)} planes after its "
            f"{len(bands)} bands{' (' * bool(planes)}{', '.join(planes)}{')' * bool(planes)}; "
            f"give {len(planes)}",
        )


def _check_pairs(keys, model, run, example_format, side, channels) -> None:
    if channels % 2:
        raise ConfigError(
            (*keys, "name"),
            f"{model['name']} needs pairs of channels, but the input has {channels}: "
            f"{', '.join(example_format.channels)}",
        )


_SPECIAL = {
    "unet": _check_unet,
    "unet3d": _check_unet,
    "resnet": _check_resnet,
    "autoencoder": _check_autoencoder,
    "waveencoder": _check_waveencoder,
    "vae": _check_vae,
    "convnet": _check_convnet,
    "galaxynet": _check_galaxynet,
    "siamese": _check_pairs,
}
