"""``cosmodag injections observe``."""

from cosmodag.commands.options import input_file, output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import SURVEY


@stage(
    epilog="Example: cosmodag injections observe --image cutout.fits --psf psf.fits"
    " --brick 0591m305 --output survey"
)
@input_file("--image", "FITS file with image and inverse variance of each band.", required=True)
@input_file("--psf", "FITS file with the point-spread function of each band.", required=True)
@output("Folder of the survey, in the layout of the Legacy Surveys.", SURVEY)
@settings_options("injections/sources/*/image")
def command(image, psf, output, flaw, population, runs, **settings):
    """Detect the sources of a real image, and inject galaxies into it with its own PSF."""
    from cosmodag.files import whole_folder
    from cosmodag.injections.bricks.multiband_image import read_multiband_image
    from cosmodag.injections.simulation.psf import ImagePsf
    from cosmodag.injections.simulation.survey_simulation import inject_into_observed
    from cosmodag.injections.simulation.survey_writer import InjectionRun

    flaw = None if flaw == "none" else flaw
    images, psf_images = read_multiband_image(image, psf_path=psf)
    with whole_folder(output, SURVEY) as folder:
        injections = [InjectionRun(folder, population, flaw, f"rs{run}") for run in range(runs)]
        inject_into_observed(
            images, ImagePsf(psf_images), injections, inputs=[image, psf], **settings
        )
