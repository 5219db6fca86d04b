"""``cosmodag reionization simulate``."""

import click

from cosmodag.commands.options import Finite, input_file, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag reionization simulate --initial initial.h5 --redshift 8"
    " --escape-fractions '[0.1]' --output z8.h5"
)
@input_file("--initial", "File of the initial conditions.", required=True)
@click.option("--redshift", type=Finite(min=0), required=True, help="Redshift of the cubes.")
@output("Cubes file.", Hdf5File("cubes"))
@settings_options("reionization/sources/*/simulation")
@threads
def command(initial, redshift, output, escape_fractions, axes, threads, **astrophysics):
    """Simulate density, neutral fraction and brightness temperature at one redshift."""
    from cosmodag.reionization.simulation.coeval_cubes import simulate_cubes
    from cosmodag.reionization.simulation.engine import Astrophysics

    simulate_cubes(
        initial,
        output,
        redshift=redshift,
        escape_fractions=escape_fractions,
        axes=axes,
        astrophysics=Astrophysics(**astrophysics),
        threads=threads,
    )
