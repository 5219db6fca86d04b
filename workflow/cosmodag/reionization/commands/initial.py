"""``cosmodag reionization initial``."""

import click

from cosmodag.commands.options import output, settings_options, threads


@click.command(epilog="Example: cosmodag reionization initial --output initial.h5 --count 2")
@output("File of the initial conditions, which serve all redshifts.")
@click.option("--first", default=0, help="Number of the first realization.")
@click.option("--count", default=1, help="How many realizations.")
@settings_options("reionization/sources/*/simulation", "initial")
@threads
def command(output, first, count, threads, **settings):
    """Draw the initial conditions of universes."""
    from cosmodag.reionization.simulation.simulation import draw_universes

    draw_universes(output, realizations=range(first, first + count), threads=threads, **settings)
