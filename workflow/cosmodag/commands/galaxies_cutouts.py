"""``cosmodag galaxies cutouts``."""

import click

from cosmodag.commands.options import input_file, output, settings_options


@click.command(
    epilog="Example: cosmodag galaxies cutouts --stamps stamps.h5 --output cutouts.h5 --side 64"
)
@input_file("--stamps", "Stamps file.", required=True)
@output("Examples file.")
@settings_options("galaxies/cutouts/*")
def command(stamps, output, **settings):
    """Crop larger stamps and pad smaller ones, by default with noise of their own level."""
    from cosmodag.cutouts.galaxy_stamps import cut_galaxies

    cut_galaxies(stamps, output, **settings)
