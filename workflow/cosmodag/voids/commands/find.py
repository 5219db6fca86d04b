"""``cosmodag voids find``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, threads
from cosmodag.commands.stage import stage
from cosmodag.voids.commands.catalogue_options import (
    CatalogueCommand,
    catalogue_entry,
    catalogue_options,
)
from cosmodag.voids.outputs import VOIDS


@stage(
    cls=CatalogueCommand,
    epilog="Example: cosmodag voids find galaxies.fits --randoms randoms.fits --output voids",
)
@click.argument("catalogue", type=click.Path(path_type=Path), nargs=-1, required=True)
@output("Folder of voids.csv, voids.fits, slice.png and voids.json.", VOIDS)
@catalogue_options()
@threads
def command(catalogue, output, randoms, mask, threads, **settings):
    """Find voids among the galaxies of CATALOGUE, in a survey or in a box.

    A survey needs --randoms, --mask or --estimate-footprint, a box --box-size. CATALOGUE is a file,
    or several files.

    \b
    Columns of the table, one row per void:
      void               its number
      x, y, z            centre in Mpc/h; in a survey the observer is at 0
      ra, dec, redshift  centre on the sky, in a survey
      radius             of the (maximal) sphere in Mpc/h; of a basin, the effective radius
      effective_radius   of the sphere of equal volume in Mpc/h
      volume             in (Mpc/h)³
      overdensity        mean of the galaxies in the (maximal) sphere, or in the basin
      n_galaxies         in that sphere or basin
      fraction_inside    fraction of the volume of the sphere of `radius` inside the survey
      chance_fraction    voids of at least this size by chance, per void that is found
      contrast           of a basin, density of its ridge over that of its minimum
      significance       of a basin, the difference in units of Poisson noise
      ellipticity        of a basin, 0 for a sphere
    """
    from cosmodag.voids.survey.find_voids import find_voids
    from cosmodag.voids.survey.search_settings import search_of, tracers_of
    from cosmodag.voids.survey.void_files import write_voids

    entry = catalogue_entry(catalogue, randoms, mask, settings)
    tracers, search = tracers_of(entry), search_of(entry)
    found = find_voids(tracers, search, threads=threads)
    used = settings | {"threshold": search.highest_overdensity}
    write_voids(output, found, used, inputs=tracers.files)
    click.echo(found.summarize())
