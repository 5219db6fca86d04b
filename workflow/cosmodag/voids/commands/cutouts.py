"""``cosmodag voids cutouts``."""

import click

from cosmodag.commands.options import input_file, output, settings_options, threads


@click.command(
    epilog="Example: cosmodag voids cutouts --grid grid.h5 --labels voids.h5 --side 64 --depth 16"
    " --stride 64 --output cutouts.h5"
)
@input_file("--grid", "Grid file of the galaxies.", required=True)
@input_file("--labels", "Labels file of the same boxes.", required=True)
@output("Examples file.")
@settings_options("voids/cutouts/*")
@threads
def command(grid, labels, output, cubes, threads, **settings):
    """Cut sub-boxes of galaxies and the maps of the voids in them."""
    from cosmodag.voids.cutouts.cubes import list_cubes
    from cosmodag.voids.cutouts.sub_boxes import cut_boxes

    if not cubes:
        cut_boxes(grid, labels, output, threads=threads, **settings)
        return
    for key in ("depth", "stride_depth", "axes", "layers"):  # of maps alone
        del settings[key]
    list_cubes(grid, labels, output, **settings)
