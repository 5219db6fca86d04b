"""Network families by name.

A family is a module of this package that assigns its class to `NETWORK`. It is imported on demand,
so that a run depends on the code of its own network alone. `parts` contains the layers that several
families share.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from cosmodag.errors import InputError
from cosmodag.settings import unknown

RENAMED = {"twins": "siamese"}
"""Former names of families."""


def families() -> list[str]:
    """Return the names of all network families.

    Examples
    --------
    >>> "unet" in families()
    True
    """
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted({module.name for module in modules} - {"parts", "registry"})


def build(name: str, **settings: Any) -> torch.nn.Module:
    """Build a network of a family.

    Parameters
    ----------
    name : str
        Name of the family: ``"unet"``, ``"unet3d"``, ``"resnet"``, …
    **settings
        Keyword arguments of the family's class.

    Returns
    -------
    torch.nn.Module
        The network with random initial weights.

    Raises
    ------
    InputError
        If the family or a setting is unknown, with the nearest known one.

    Examples
    --------
    >>> network = build("unet", channels=1, width=8)
    """
    return family(name)(**complete(name, settings))


def complete(name: str, settings: dict) -> dict:
    """Return the settings of a family with its defaults filled in; raise as `build` does."""
    parameters = inspect.signature(family(name)).parameters
    check_settings(settings, parameters, f"setting of model {name}:")
    return {key: parameter.default for key, parameter in parameters.items()} | settings


def settings_of(name: str) -> list[str]:
    """Return the names of the settings of a family."""
    return list(inspect.signature(family(name)).parameters)


def check_settings(settings: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Raise an InputError for the first setting whose name is not among the known names.

    Parameters
    ----------
    settings : iterable of str
        Names to check.
    known : iterable of str
        Names that are allowed.
    kind : str
        Description of the settings for the message.
    """
    for setting in settings:
        if setting not in known:
            raise unknown(kind, setting, known)


def family(name: str) -> type[Any]:
    """Return the class of a family, a `torch.nn.Module`.

    Raises
    ------
    InputError
        If the family is unknown, with the nearest known one.
    """
    if name in RENAMED:
        raise InputError(f"model {name!r} was renamed; use {RENAMED[name]!r}")
    if name not in families():
        raise unknown("model", name, families())
    return importlib.import_module(f"cosmodag.models.{name}").NETWORK
