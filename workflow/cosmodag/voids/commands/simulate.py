"""``cosmodag voids simulate``."""

from pathlib import Path

import click

from cosmodag.commands.options import settings_options, threads


@click.command(epilog="Example: cosmodag voids simulate --galaxies g.h5 --matter m.h5 --count 2")
@click.option("--galaxies", type=click.Path(path_type=Path), required=True, help="Galaxies file.")
@click.option("--matter", type=click.Path(path_type=Path), required=True, help="Matter grid file.")
@click.option("--source", default="boxes", help="Name of the source, part of the boxes' groups.")
@click.option("--first", default=0, help="Number of the first realization.")
@click.option("--count", default=1, help="Number of realizations.")
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
