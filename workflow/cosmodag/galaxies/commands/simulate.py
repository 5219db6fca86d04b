"""``cosmodag galaxies simulate``."""

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(epilog="Example: cosmodag galaxies simulate --output stamps.h5 --count 1000 --processes 2")
@output("Stamps file.", Hdf5File("stamps"))
@click.option("--first", type=click.IntRange(min=0), default=0, help="Number of the first galaxy.")
@click.option("--count", type=click.IntRange(min=1), default=1, help="Number of galaxies.")
@click.option("--processes", type=click.IntRange(min=1), default=1, help="Number of processes.")
@settings_options("galaxies/sources/*/simulation")
def command(output, psf, psf_image, noise, sides, pixel, noiseless, **settings):
    """Simulate stamps of galaxies in g, r and z, with the true parameters."""
    from cosmodag.galaxies.simulation.galaxy_parameters import RANGES, ObservingConditions
    from cosmodag.galaxies.simulation.image_effects import EFFECTS, ImageEffects, read_psf
    from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps

    image = None
    if psf_image is not None:
        image, width = read_psf(psf_image, pixel)
        psf = (width, width)
    simulate_stamps(
        output,
        ranges={name: settings.pop(name) for name in RANGES},
        conditions=ObservingConditions(psf=psf, noise=noise, sides=sides),
        effects=ImageEffects(psf=image, **{name: settings.pop(name) for name in EFFECTS}),
        pixel=pixel,
        noise_free=noiseless,
        **settings,
    )
