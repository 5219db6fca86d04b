"""``cosmodag reionization cutouts``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options, threads


@click.command(
    epilog="Example: cosmodag reionization cutouts --output slices.h5 --mean-subtraction"
    " z7.h5 z8.h5"
)
@click.argument(
    "cubes", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
@output("Examples file.")
@click.option("--universes", type=int, help="How many universes of the files, from the first; all.")
@settings_options("reionization/cutouts/*")
@threads
def command(cubes, output, threads, **settings):
    """Cut slices out of CUBES of the same universes, one file a redshift."""
    from cosmodag.reionization.cutouts.cube_slices import cut_slices

    cut_slices(cubes, output, threads=threads, **settings)
