"""``cosmodag galaxies predict``."""

import click

from cosmodag.commands.options import Finite, Structure, input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.galaxies.commands.stamp_options import stamp_options
from cosmodag.galaxies.outputs import PREDICTIONS
from cosmodag.output_kinds import Figure


@stage(
    epilog="Example: cosmodag galaxies predict stamps --pixel 0.262 --psf 1.3"
    " --parameters results/galaxies/runs/parameters --latent results/galaxies/runs/latent8"
    " --output table.csv"
)
@stamp_options
@input_folder("--parameters", "Folder of a run of the task count or regression.")
@input_folder("--latent", "Folder of a run of the task latent.")
@input_folder("--clusters", "Folder of clusters in the latent space of that run.")
@input_folder(
    "--parameters-dataset",
    "Dataset of the first run; by default searched in ../../datasets of its folder.",
)
@input_folder("--latent-dataset", "Dataset of the second run; searched likewise.")
@click.option(
    "--psf",
    type=Finite(min=0, min_open=True),
    help="Full width at half maximum of the point-spread function in arcsec.",
)
@click.option(
    "--catalogue",
    type=Structure(),
    help="Catalogue of the galaxies, whose columns the table gets: path, key or ra and dec, radius,"
    " columns and unmatched as in the configuration.",
)
@output("Table of predictions: CSV, Parquet or FITS.", PREDICTIONS)
@output(
    "Gallery of the stamps with their predictions, SVG; by default beside the table.",
    Figure(),
    "--figure",
    required=False,
)
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(
    stamps,
    output,
    pixel,
    psf,
    bands,
    stack,
    layout,
    headers,
    catalogue,
    max_rejected,
    figure,
    device,
    threads,
    **runs,
):
    """Predict parameters, latents and clusters of galaxies in STAMPS.

    STAMPS are folders, lists (.txt, one path per line) or files of simulated or real images.

    \b
    Columns of the table, one row per stamp:
      id                        name of the stamp
      ra, dec                   position in degrees, if it is known
      stamp_side                side of the stamp in pixels
      measured_noise            noise per pixel along the border in nanomaggies
      psf                       point-spread function (FWHM) in arcsec, if given
      masked_fraction           fraction of pixels that are masked
      segment_magnitude         AB magnitude of the segment of the galaxy, if
                                there is a segmentation image
      …                         columns of the catalogue
      magnitude, log_radius, …  parameters of the run: AB magnitude, log10 of
                                arcsec, …; with _low and _high 68 % intervals
      latent_0, latent_1, …     latent of the image
      cluster                   cluster in the latent space, -1 for none
      outlier_score             distance to the nearest training latents in
                                units of its median; 1 is typical
      distance                  distance from the training images; 99 % of
                                validation images are below 1
      outside                   whether the distance is above 1 or a value is
                                outside its training range: predictions are
                                then not reliable
      warning                   the reasons as text
    """
    from cosmodag.galaxies.prediction.predict import predict_galaxies
    from cosmodag.galaxies.prediction.trained_stamps import PredictionRuns
    from cosmodag.galaxies.stamps.stamp_catalogue import open_catalogue
    from cosmodag.galaxies.stamps.stamp_format import StampFormat

    own = {"bands": bands, "pixel": pixel, "psf": psf, "dataset": stack}
    predict_galaxies(
        stamps,
        output,
        PredictionRuns(**runs),
        StampFormat.from_mapping({**layout, **own, "max_rejected": max_rejected}),
        headers=headers,
        catalogue=open_catalogue(catalogue),
        figure=figure,
        device=device,
        threads=threads,
    )
