"""``cosmodag voids cutouts``."""

from cosmodag.commands.options import input_file, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag voids cutouts --grid grid.h5 --labels voids.h5 --side 64 --depth 16"
    " --stride 64 --output cutouts.h5"
)
@input_file("--grid", "Grid file of the galaxies.", required=True)
@input_file("--labels", "Labels file of the same boxes.", required=True)
@output("Examples file.", Hdf5File("examples"))
@settings_options("voids/cutouts/*")
@threads
def command(grid, labels, output, cubes, factor, threads, **settings):
    """Cut sub-boxes of galaxies and the maps of the voids in them."""
    from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
    from cosmodag.voids.cutouts.cubes import list_cubes
    from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes

    of_maps = {name: settings.pop(name) for name in ("layers", "margin_depth", "input_factor")}
    geometry = SubBoxGeometry(**settings)
    if cubes:
        list_cubes(grid, labels, output, geometry, factor=factor)
    else:
        cut_sub_boxes(grid, labels, output, geometry, factor=factor, threads=threads, **of_maps)
