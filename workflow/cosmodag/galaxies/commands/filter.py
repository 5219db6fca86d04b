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
    help="List of the accepted files, one path per line.",
)
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    required=True,
    help="List of the rejected files, one path and reason per line, separated by a tab.",
)
@settings_options("galaxies/sources/*/folder")
@threads
def command(path, accepted, rejected, threads, **settings):
    """List the files of a folder whose stamps have a given shape.

    Only the headers of the files are read.
    """
    import os

    from cosmodag.galaxies.stamps.stamp_filter import filter_stamps

    filter_stamps(os.path.expandvars(path), accepted, rejected, threads=threads, **settings)
