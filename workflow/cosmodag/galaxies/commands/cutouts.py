"""``cosmodag galaxies cutouts``."""

import click

from cosmodag.commands.options import Structure, input_file, output, settings_options


@click.command(
    epilog="Example: cosmodag galaxies cutouts --stamps accepted.txt --output cutouts.h5"
    """ --files '{"bands": ["g", "r", "z"], "pixel": 0.262}' --side 64"""
)
@input_file("--stamps", "Stamps file, or the list of the files of a folder.", required=True)
@click.option(
    "--files",
    type=Structure(),
    help="How the files of a list are read: bands, pixel (arcsec), psf (arcsec) and dataset.",
)
@click.option("--batch", default=0, help="Which share of the files of a list, from 0.")
@click.option("--batches", default=1, help="Shares that they are dealt to.")
@output("Examples file.")
@settings_options("galaxies/cutouts/*")
def command(stamps, files, batch, batches, output, **settings):
    """Crop larger stamps and pad smaller ones, by default with noise of their own level."""
    from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
    from cosmodag.galaxies.stamps.stamp_folder import open_folder
    from cosmodag.galaxies.stamps.stamps_file import open_stamps

    if files is None:
        opened = open_stamps(stamps)
    else:
        opened = open_folder(stamps, batch=batch, batches=batches, **files)
    cut_galaxies(opened, output, **settings)
