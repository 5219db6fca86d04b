"""``cosmodag evaluate``."""

import click

from cosmodag.commands.options import input_file, input_folder, threads
from cosmodag.commands.stage import stage


@stage(epilog="Example: cosmodag evaluate --dataset dataset --run run")
@input_folder("--dataset", "Folder of the dataset.", required=True)
@input_folder("--run", "Folder of the trained run; scores and figures go there.", required=True)
@input_file("--baselines", "Predictions of baselines; fitted here where absent.")
@click.option("--truth", help="Channel that maps are scored on where it is not the one learned.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(dataset, run, baselines, truth, device, threads):
    """Score a trained network beside baselines on the test split."""
    from cosmodag.evaluation.evaluate import evaluate

    evaluate(dataset, run, truth=truth, baselines=baselines, device=device, threads=threads)
