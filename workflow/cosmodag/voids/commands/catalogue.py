"""``cosmodag voids catalogue``."""

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(epilog="Example: cosmodag voids catalogue --path gals.ff --box-size 420 --output g.h5")
@output("Galaxies file.", Hdf5File("galaxies"))
@click.option("--source", default="survey", help="Name of the source and of its only box.")
@settings_options("voids/sources/*/catalogue")
def command(output, source, path, **settings):
    """Read a galaxy catalogue and check its units, box, columns and values."""
    from cosmodag.voids.catalogues.galaxy_catalogue import write_galaxies_file

    write_galaxies_file(output, {source: galaxy_catalogue(path, **settings)}, source=source)


def galaxy_catalogue(path, *, box_size, unit, hubble, origin, periodic, **settings):
    """Return the galaxy catalogue that the options of a command describe."""
    from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
    from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue

    coordinates = BoxCoordinates(
        box_size=box_size, unit=unit, hubble=hubble, origin=origin, periodic=periodic
    )
    return GalaxyCatalogue(path=path, coordinates=coordinates, **settings)
