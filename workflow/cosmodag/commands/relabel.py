"""``cosmodag relabel``."""

import click

from cosmodag.commands.options import Finite, input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import DATASET


@stage(epilog="Example: cosmodag relabel --dataset dataset --run run --output selftrained")
@input_folder("--dataset", "Folder of the run's dataset.", required=True)
@input_folder("--run", "Folder of a trained run of maps, the teacher.", required=True)
@output("Folder of the new dataset.", DATASET)
@click.option(
    "--confidence",
    type=Finite(min=0, max=1),
    default=0.9,
    help="Probability from which a prediction becomes a label.",
)
@click.option("--device", default="auto", help="Device: auto, cpu or cuda.")
@threads
def command(dataset, run, output, confidence, device, threads):
    """Add a run's confident predictions to the labels, as a new target for self-training."""
    from cosmodag.training.self_training import relabel

    relabel(dataset, run, output, confidence=confidence, device=device, threads=threads)
