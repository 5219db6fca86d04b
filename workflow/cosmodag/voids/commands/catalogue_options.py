"""Options of commands that take the galaxies of a survey or of a box."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cosmodag.commands.options import input_file, settings_options
from cosmodag.commands.stage import Stage
from cosmodag.schema_errors import ConfigError
from cosmodag.settings import keys
from cosmodag.voids.box_cells import three

ENTRY = "voids/void_catalogues/*"


class CatalogueCommand(Stage):
    """A command that refuses files of randoms without the option of their own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the command's name."""
        catalogue_first = bool(args) and not args[0].startswith("-")
        for option, _, word in zip(args, args[1:], args[2:]):
            if catalogue_first and option == "--randoms" and not word.startswith("-"):
                raise click.UsageError(
                    f"{word} would be read as galaxies; give --randoms before each file of "
                    "randoms, and the files of CATALOGUE together",
                    ctx,
                )
        return super().parse_args(ctx, args)


def catalogue_options(without: Collection[str] = ()) -> Callable:
    """Return a decorator that adds options for the galaxies of a survey or of a box.

    Parameters
    ----------
    without : collection of str
        Keys of the section ``voids.void_catalogues`` that do not concern the command.
    """

    def decorate(command: Callable) -> Callable:
        for add in (
            settings_options(f"{ENTRY}/mask", without=("path",), prefix="mask_"),
            settings_options(f"{ENTRY}/randoms", without=("path",), prefix="randoms_"),
            settings_options(ENTRY, without=("path", *without)),
            input_file(
                "--mask",
                "HEALPix map of the completeness of a survey, in FITS, instead of randoms.",
            ),
            input_file(
                "--randoms",
                "Randoms of a survey. CATALOGUE then has right ascension, declination and "
                "redshift.",
                multiple=True,
            ),
        ):
            command = add(command)
        return command

    return decorate


def catalogue_entry(
    catalogue: Sequence[Path],
    randoms: Sequence[Path],
    mask: Path | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return an entry of the section ``voids.void_catalogues`` from options.

    Parameters
    ----------
    catalogue, randoms : sequence of Path
        Files of galaxies and randoms.
    mask : Path or None
        File of the mask.
    settings : mapping
        Values of the other options.

    Raises
    ------
    click.UsageError
        The options do not state one survey or one box, or one has no effect beside the others.
    """
    given = (randoms, mask, settings["estimate_footprint"], settings["box_size"] is not None)
    if sum(map(bool, given)) != 1:
        raise click.UsageError(
            "give --randoms, --mask or --estimate-footprint for a survey with right ascension, "
            "declination and redshift, or --box-size for positions in a box: one of the four"
        )
    for prefix, files in (("randoms", randoms), ("mask", mask)):
        for key, value in settings.items():
            if key.startswith(f"{prefix}_") and value is not None and not files:
                option = f"--{key.replace('_', '-')}"
                raise click.UsageError(f"{option} has no effect without --{prefix}; remove it")
    entry = {**settings, "path": list(catalogue)}
    if randoms:
        entry["randoms"] = {
            "path": list(randoms),
            "columns": settings["randoms_columns"],
            "weight": settings["randoms_weight"],
        }
    if mask:
        entry["mask"] = {"path": mask, "column": settings["mask_column"]}
    _check(entry)
    return entry


def _check(entry: Mapping[str, Any]) -> None:
    """Refuse options that have no effect beside others, as the configuration does."""
    from cosmodag.voids.survey.survey_checks import check_settings

    sides = entry.get("box_size")
    if sides is not None and not all(side > 0 for side in three(sides)):
        raise click.UsageError(f"--box-size: {sides}: give sides above 0, in Mpc/h")
    defaults = {key: part["default"] for key, part in keys(ENTRY) if "default" in part}
    given = {key: value for key, value in entry.items() if value is not None}
    if "minimum_radius" not in entry:  # a command without a finder
        defaults["minimum_radius"] = 0.0
    try:
        check_settings((), defaults | given)
    except ConfigError as error:
        (key,) = error.keys
        option = f"--{key.replace('_', '-')}"
        raise click.UsageError(f"{option}{str(error).removeprefix(key)}") from None
