"""``cosmodag voids grid``."""

from cosmodag import settings
from cosmodag.commands.options import input_file, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(epilog="Example: cosmodag voids grid --galaxies g.h5 --cells 256 --output grid.h5")
@input_file("--galaxies", "Galaxies file.", required=True)
@output("Grid file.", Hdf5File("grid"))
@input_file("--pilots", "Grid file of pilot boxes, for fields; once per file.", multiple=True)
@input_file(
    "--pilots-matter", "Grid file of the matter of these boxes; once per file.", multiple=True
)
@settings_options("voids/grids/*")
@threads
def command(galaxies, output, threads, fields, **options):
    """Assign galaxies to grids of mass per cell."""
    from cosmodag.voids.grids.assign_galaxies import grid_galaxies

    if fields is not None:
        fields = settings.with_defaults(fields, "voids/grids/*/fields")
    grid_galaxies(galaxies, output, threads=threads, fields=fields, **options)
