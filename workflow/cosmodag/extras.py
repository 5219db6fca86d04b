"""Packages that only some commands need: the extras of this package."""

import re
from importlib import metadata


def missing_package(module: str) -> str | None:
    """Explain how to install the package of a module that cannot be imported.

    Parameters
    ----------
    module : str
        Name of the missing module, such as ``torch``.

    Returns
    -------
    str or None
        A line for the user; None if the module belongs to no extra of the installed package.
    """
    package = module.partition(".")[0].replace("_", "-").lower()
    try:
        requirements = metadata.requires("cosmodag") or []
    except metadata.PackageNotFoundError:  # imported from a checkout
        return None
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == ['\"](\w+)", requirement)
        if name and extra and name[0].replace("_", "-").lower() == package:
            return (
                f"this command needs {package}, which is not installed: "
                f"pip install 'cosmodag[{extra[1]}]'"
            )
    return None
