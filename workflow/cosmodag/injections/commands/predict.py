"""``cosmodag injections predict``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import PREDICTIONS


@stage(
    epilog="Example: cosmodag injections predict --run runs/model --dataset datasets/model"
    " --output table.csv cutouts/dr9/0.h5"
)
@click.argument(
    "stamps",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    nargs=-1,
    required=True,
)
@input_folder("--run", "Folder of the trained run.", required=True)
@input_folder("--dataset", "Folder of the dataset on which it was trained.", required=True)
@output("Table of the objects with the probability that each was injected, CSV.", PREDICTIONS)
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(stamps, run, dataset, output, device, threads):
    """Predict whether objects were injected, from STAMPS outside the dataset of a run."""
    from cosmodag.injections.prediction.predict import predict_stamps

    predict_stamps(run, dataset, stamps, output, device=device, threads=threads)
