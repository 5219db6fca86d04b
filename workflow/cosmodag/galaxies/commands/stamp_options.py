"""Argument and options of the commands that read stamps of any format."""

from collections.abc import Callable
from pathlib import Path

import click

from cosmodag.commands.options import Finite, Structure, input_file

_OPTIONS = (
    click.argument("stamps", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True),
    click.option(
        "--pixel", type=Finite(min=0, min_open=True), help="Pixel scale in arcsec per pixel."
    ),
    click.option(
        "--bands",
        type=Structure(),
        help="Bands, in order, of files that do not name theirs; by default those of the run.",
    ),
    click.option(
        "--stack", default="images", help="Name of the dataset (N, bands, y, x) in HDF5 files."
    ),
    click.option(
        "--layout",
        type=Structure(),
        default="{}",
        help="Further format of the files: axes, extensions, files and zero_point as in the"
        " configuration.",
    ),
    input_file("--headers", "Table of the headers of the files of a list, of the filter."),
    click.option(
        "--max-rejected",
        type=Finite(min=0, max=1, max_open=True),
        default=0.05,
        help="Largest fraction of stamps that may be left out because they cannot be used.",
    ),
)


def stamp_options(command: Callable) -> Callable:
    """Add the argument STAMPS and the options of the format of its files to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
