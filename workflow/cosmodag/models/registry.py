"""Network families by name.

A family is a module of this folder that names its class in `NETWORK`. It is imported when asked
for, so that a run depends on the code of its own network alone. `parts` holds what several share.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from pathlib import Path

import torch

from cosmodag.settings import unknown


def families() -> list[str]:
    """Return the names of all network families."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted({module.name for module in modules} - {"parts", "registry"})


def build(name: str, **settings) -> torch.nn.Module:
    """Build a network of the family `name`.

    Parameters
    ----------
    name
        A family: ``"unet"``, ``"unet3d"``, ``"resnet"``, …
    **settings
        Keyword arguments of the family's class.

    Raises
    ------
    InputError
        If the family or one of the settings is unknown, naming the nearest known one.
    """
    return network(name)(**complete(name, settings))


def complete(name: str, settings: dict) -> dict:
    """Return `settings` of the family `name` with its defaults filled in; errors as in `build`."""
    known = inspect.signature(network(name)).parameters
    check_settings(settings, known, f"setting of model {name}:")
    return {key: parameter.default for key, parameter in known.items()} | settings


def settings_of(name: str) -> list[str]:
    """Return the names of the settings of the family `name`."""
    return list(inspect.signature(network(name)).parameters)


def check_settings(settings: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Raise an InputError for the first of `settings` that is not among the `known` names."""
    for setting in settings:
        if setting not in known:
            raise unknown(kind, setting, known)


def network(name: str) -> type[torch.nn.Module]:
    """Return the class of the family `name`."""
    if name not in families():
        raise unknown("model", name, families())
    return importlib.import_module(f"cosmodag.models.{name}").NETWORK
