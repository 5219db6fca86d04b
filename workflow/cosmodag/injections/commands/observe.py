"""``cosmodag injections observe``."""

import click

from cosmodag.commands.options import input_file, output, settings_options


@click.command(
    epilog="Example: cosmodag injections observe --image cutout.fits --psf psf.fits"
    " --brick 0591m305 --output survey"
)
@input_file("--image", "Image and inverse variance of each band in turn.", required=True)
@input_file("--psf", "Point-spread function of each band.", required=True)
@output("Folder of the survey, laid out as the Legacy Surveys are.")
@settings_options("injections/sources/*/image")
def command(image, psf, output, flaw, **settings):
    """Find the sources of a real image, and inject galaxies into it with its own PSF."""
    from cosmodag.files import whole_folder
    from cosmodag.injections.bricks.multiband_image import read_survey_cutout
    from cosmodag.injections.simulation.galaxy_rendering import ImagePsf
    from cosmodag.injections.simulation.survey_simulation import observe_survey

    images, functions = read_survey_cutout(image, psf_path=psf)
    with whole_folder(output) as folder:
        observe_survey(
            images,
            ImagePsf(functions),
            root=folder,
            flaw=None if flaw == "none" else flaw,
            **settings,
        )
