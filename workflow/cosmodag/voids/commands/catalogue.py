"""``cosmodag voids catalogue``."""

import os

import click

from cosmodag.commands.options import output, settings_options


@click.command(
    epilog="Example: cosmodag voids catalogue --path gals.ff --box-size 420 --output g.h5"
)
@output("Galaxies file.")
@click.option("--source", default="survey", help="Name of the source and of its one box.")
@settings_options("voids/sources/*/catalogue")
def command(output, source, path, **settings):
    """Read a catalogue of galaxies and check it: units, box, columns, numbers."""
    from cosmodag.voids.catalogues.catalogues import write_galaxies_file

    box = {"name": source, "path": os.path.expandvars(path), **settings}
    write_galaxies_file(output, source=source, boxes=[box])
