"""``cosmodag voids simulate``."""

import click

from cosmodag.commands.options import output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(epilog="Example: cosmodag voids simulate --galaxies g.h5 --matter m.h5 --count 2")
@output("Galaxies file.", Hdf5File("galaxies"), "--galaxies")
@output("Matter grid file.", Hdf5File("grid"), "--matter")
@click.option("--source", default="boxes", help="Name of the source, part of the boxes' groups.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, help="Number of the first realization."
)
@click.option("--count", type=click.IntRange(min=1), default=1, help="Number of realizations.")
@settings_options("voids/sources/*/simulation")
@threads
def command(galaxies, matter, source, first, count, threads, **settings):
    """Evolve boxes of matter and draw galaxies from them."""
    from cosmodag.voids.simulation.realizations import BoxSimulation, simulate_boxes

    simulate_boxes(
        galaxies,
        matter,
        BoxSimulation(**settings),
        source=source,
        realizations=range(first, first + count),
        threads=threads,
    )
