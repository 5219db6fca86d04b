"""``cosmodag galaxies predict``."""

from pathlib import Path

import click

from cosmodag.commands.options import Structure, input_folder, output, threads


@click.command(
    epilog="Example: cosmodag galaxies predict stamps --pixel 0.262 --psf 1.3"
    " --parameters results/galaxies/runs/parameters --latent results/galaxies/runs/latent8"
    " --output table.csv"
)
@click.argument("stamps", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@input_folder("--parameters", "Folder of a run that predicts parameters.")
@input_folder("--latent", "Folder of a run that squeezes images into a latent.")
@input_folder("--clusters", "Folder of the groups of that run's latents.")
@input_folder(
    "--parameters-dataset",
    "Dataset of the first run; by default looked for in ../../datasets of its folder.",
)
@input_folder("--latent-dataset", "Dataset of the second run, likewise.")
@click.option("--pixel", type=click.FloatRange(min=0, min_open=True), help="Arcsec a pixel.")
@click.option(
    "--psf",
    type=click.FloatRange(min=0, min_open=True),
    help="Full width at half maximum of the point-spread function in arcsec.",
)
@click.option(
    "--bands",
    type=Structure(),
    help="Bands in the order of files that do not name theirs; by default that of the run.",
)
@click.option("--stack", default="images", help="Name of the stack (N, bands, y, x) in HDF5 files.")
@output("Table of parameters, latents, groups and warnings, CSV or Parquet.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    help="Stamps with their numbers, SVG; by default beside the table.",
)
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(stamps, **settings):
    """Apply trained networks to STAMPS: folders, lists or files, simulated or real.

    A warning stands where an image lies outside the training distribution.
    """
    from cosmodag.galaxies.prediction.predict import predict_galaxies

    predict_galaxies(stamps, **settings)
