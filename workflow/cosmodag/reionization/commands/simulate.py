"""``cosmodag reionization simulate``."""

import click

from cosmodag.commands.options import input_file, output, settings_options, threads


@click.command(
    epilog="Example: cosmodag reionization simulate --initial initial.h5 --redshift 8"
    " --escape-fractions '[0.1]' --output z8.h5"
)
@input_file("--initial", "File of the initial conditions.", required=True)
@click.option("--redshift", type=float, required=True, help="Redshift of the cubes.")
@output("Cubes file.")
@settings_options("reionization/sources/*/simulation")
@threads
def command(initial, redshift, output, threads, **settings):
    """Simulate density, neutral fraction and brightness temperature at one redshift."""
    from cosmodag.reionization.simulation.simulation import simulate_cubes

    simulate_cubes(initial, output, redshift=redshift, threads=threads, **settings)
