"""``cosmodag galaxies filter``."""

from pathlib import Path

import click

from cosmodag.commands.options import settings_options, threads


@click.command(
    epilog="Example: cosmodag galaxies filter --path stamps --shape '[3, 256, 256]'"
    " --accepted accepted.txt --rejected rejected.tsv"
)
@click.option(
    "--accepted",
    type=click.Path(path_type=Path),
    required=True,
    help="List of the accepted files, a path a line.",
)
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    required=True,
    help="List of the rejected files, a path and the reason a line.",
)
@settings_options("galaxies/sources/*/folder")
@threads
def command(path, accepted, rejected, threads, **settings):
    """List the files of a folder that hold stamps of a shape, by their headers alone."""
    import os

    from cosmodag.galaxies.stamps.stamp_filter import filter_stamps

    filter_stamps(os.path.expandvars(path), accepted, rejected, threads=threads, **settings)
