"""``cosmodag reionization read``."""

import click

from cosmodag.commands.options import Finite, input_file, output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag reionization read --path cubes --redshift 6.5"
    " --escape-fraction 0.1 --output z6.5.h5"
)
@click.option("--redshift", type=Finite(min=0), required=True, help="Redshift of the cubes.")
@output("Cubes file.", Hdf5File("cubes"))
@input_file("--table", "Table that lists the cubes, in place of their names (CSV, FITS, Parquet).")
@settings_options("reionization/sources/*/folder", without=["table"])
def command(path, redshift, output, **settings):
    """Read the cubes of one redshift from a folder.

    Names describe cubes of 21cmFAST. A table lists those of any simulation: in the columns
    brightness_temperature, density, neutral_fraction or ionized_fraction their files, as paths
    below the folder (.npy, FITS, raw float32 or float64, with a header of C2-Ray, or an array in
    HDF5, such as run1.h5:dT), and redshift; realization, escape_fraction, distorted_axis and
    parameters if there are any.
    """
    import os

    from cosmodag.reionization.cubes.cube_folder import read_folder

    read_folder(os.path.expandvars(path), output, redshift=redshift, **settings)
