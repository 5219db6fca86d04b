"""``cosmodag reionization cutouts``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag reionization cutouts --output slices.h5 --mean-subtraction"
    " z7.h5 z8.h5"
)
@click.argument(
    "cubes", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
@output("Examples file.", Hdf5File("examples"))
@click.option(
    "--realizations",
    type=click.IntRange(min=1),
    help="Number of realizations to cut, from the first; all by default.",
)
@settings_options("reionization/cutouts/*")
@threads
def command(
    cubes,
    output,
    channels,
    target,
    realizations,
    escape_fractions,
    mean_subtraction,
    beam,
    wedge,
    threads,
    **geometry,
):
    """Cut slices from CUBES of the same realizations, one file per redshift."""
    from cosmodag.reionization.cutouts.cube_slices import cut_slices
    from cosmodag.reionization.cutouts.instrument import Instrument
    from cosmodag.reionization.cutouts.slice_geometry import SliceGeometry

    cut_slices(
        cubes,
        output,
        SliceGeometry(**geometry),
        channels=channels,
        target=target,
        realizations=realizations,
        escape_fractions=escape_fractions,
        instrument=Instrument(mean_subtraction, beam, wedge),
        threads=threads,
    )
