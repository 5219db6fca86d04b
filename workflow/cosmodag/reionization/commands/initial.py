"""``cosmodag reionization initial``."""

import click

from cosmodag.commands.options import output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(epilog="Example: cosmodag reionization initial --output initial.h5 --count 2")
@output("File of the initial conditions, which serve all redshifts.", Hdf5File("initial"))
@click.option(
    "--first", type=click.IntRange(min=0), default=0, help="Index of the first realization."
)
@click.option("--count", type=click.IntRange(min=1), default=1, help="Number of realizations.")
@settings_options("reionization/sources/*/simulation", "initial")
@threads
def command(output, first, count, engine, seed, box_size, cells, particles, threads):
    """Draw the initial conditions of realizations."""
    from cosmodag.reionization.simulation.coeval_cubes import draw_initial_conditions
    from cosmodag.reionization.simulation.engine import SimulationBox

    draw_initial_conditions(
        output,
        SimulationBox(box_size, cells, particles or 2 * cells),
        realizations=range(first, first + count),
        engine=engine,
        seed=seed,
        threads=threads,
    )
