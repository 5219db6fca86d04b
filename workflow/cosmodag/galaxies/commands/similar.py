"""``cosmodag galaxies similar``."""

import click

from cosmodag.commands.options import input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.galaxies.commands.stamp_options import stamp_options
from cosmodag.galaxies.outputs import SIMILAR
from cosmodag.output_kinds import Figure


@stage(
    epilog="Example: cosmodag galaxies similar stamps --pixel 0.262"
    " --run results/galaxies/runs/latent8 --output similar.csv"
)
@stamp_options
@input_folder("--run", "Folder of a run of the task latent.", required=True)
@input_folder(
    "--dataset", "Dataset of the run; by default searched in ../../datasets of its folder."
)
@click.option(
    "--number", type=click.IntRange(min=1), default=8, help="Galaxies to find for each stamp."
)
@output("Table of similar galaxies: CSV, Parquet or FITS.", SIMILAR)
@output(
    "Stamps beside the galaxies found for them, SVG; by default beside the table.",
    Figure(),
    "--figure",
    required=False,
)
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(stamps, output, pixel, bands, stack, layout, max_rejected, **options):
    """Find the galaxies of a dataset that are most similar to each of STAMPS.

    STAMPS are folders, lists (.txt, one path per line) or files of simulated or real images.
    Similar are galaxies whose latents by the run are near.

    \b
    Columns of the table, one row per stamp and galaxy found for it:
      id               name of the stamp
      rank             1 for the most similar galaxy
      similar, split   its id, and its split of the dataset
      distance         1 is the median distance of a training galaxy to its
                       nearest one
      similar_<name>   columns of the index of the dataset, such as labels
    """
    from cosmodag.galaxies.prediction.similar import find_similar
    from cosmodag.galaxies.stamps.stamp_format import StampFormat

    own = {"bands": bands, "pixel": pixel, "dataset": stack}
    stamp_format = StampFormat.from_mapping({**layout, **own, "max_rejected": max_rejected})
    find_similar(stamps, output, stamp_format=stamp_format, **options)
