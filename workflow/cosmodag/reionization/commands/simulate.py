"""``cosmodag reionization simulate``."""

import click

from cosmodag.commands.options import (
    FiniteOrRange,
    input_file,
    output,
    settings_options,
    threads,
)
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag reionization simulate --initial initial.h5 --redshift 8"
    " --escape-fractions '[0.1]' --output z8.h5"
)
@input_file("--initial", "File of the initial conditions.", required=True)
@click.option(
    "--redshift",
    type=FiniteOrRange(),
    required=True,
    help="Redshift of the cubes, or [low, high], from which each realization draws its own.",
)
@click.option(
    "--draw",
    type=click.IntRange(min=0),
    default=0,
    help="Number of the draw of all parameters that have a range.",
)
@output("Cubes file.", Hdf5File("cubes"))
@settings_options("reionization/sources/*/simulation")
@threads
def command(
    initial,
    redshift,
    draw,
    output,
    escape_fractions,
    escape_fraction,
    star_fraction,
    log_uniform,
    axes,
    threads,
    **parameters,
):
    """Simulate density, neutral fraction and brightness temperature at one redshift."""
    from cosmodag.reionization.simulation.coeval_cubes import simulate_cubes
    from cosmodag.reionization.simulation.engine import Astrophysics
    from cosmodag.reionization.simulation.priors import Priors, fixed_and_ranges

    fixed, ranges = fixed_and_ranges(
        {"redshift": redshift, "escape_fraction": escape_fraction, **parameters}
    )
    simulate_cubes(
        initial,
        output,
        redshift=fixed.pop("redshift", None),
        escape_fractions=escape_fractions,
        axes=axes,
        astrophysics=Astrophysics(star_fraction=star_fraction, **fixed),
        priors=Priors(ranges, log_uniform),
        draw=draw,
        threads=threads,
    )
