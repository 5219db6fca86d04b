"""``cosmodag voids catalogue``."""

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(epilog="Example: cosmodag voids catalogue --path gals.ff --box-size 420 --output g.h5")
@output("Galaxies file.", Hdf5File("galaxies"))
@click.option("--source", default="survey", help="Name of the source and of its only box.")
@settings_options("voids/sources/*/catalogue")
def command(output, source, path, box_size, unit, hubble, origin, periodic, **settings):
    """Read a galaxy catalogue and check its units, box, columns and values."""
    from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
    from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, write_galaxies_file

    coordinates = BoxCoordinates(
        box_size=box_size, unit=unit, hubble=hubble, origin=origin, periodic=periodic
    )
    catalogue = GalaxyCatalogue(path=path, coordinates=coordinates, **settings)
    write_galaxies_file(output, {source: catalogue}, source=source)
