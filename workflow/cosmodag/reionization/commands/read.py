"""``cosmodag reionization read``."""

import click

from cosmodag.commands.options import Finite, output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag reionization read --path cubes --redshift 6.5"
    " --escape-fraction 0.1 --output z6.5.h5"
)
@click.option("--redshift", type=Finite(min=0), required=True, help="Redshift of the cubes.")
@output("Cubes file.", Hdf5File("cubes"))
@settings_options("reionization/sources/*/folder")
def command(path, redshift, output, **settings):
    """Read the cubes of one redshift from a folder of cubes of 21cmFAST."""
    import os

    from cosmodag.reionization.cubes.cube_folder import read_folder

    read_folder(os.path.expandvars(path), output, redshift=redshift, **settings)
