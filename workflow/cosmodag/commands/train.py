"""``cosmodag train``."""

import os

import click

from cosmodag.commands.options import input_folder, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import ANY_FOLDER, RUN


@stage(
    epilog="Example: cosmodag train --dataset dataset --output run"
    """ --task '{"name": "map", "channel": "fraction_matter"}' --model '{"name": "unet"}'"""
)
@input_folder("--dataset", "Folder of the dataset.", required=True)
@output("Folder of the run.", RUN)
@output(
    "Folder of checkpoints, from which an interrupted training continues.",
    ANY_FOLDER,
    "--state",
    required=False,
)
@input_folder("--encoder", "Folder of a run whose frozen encoder precedes the network.")
@click.option(
    "--staging",
    default="",
    help="Folder on a local disk to which the dataset is copied first; $VARIABLES are expanded.",
)
@click.option("--device", default="auto", help="Device: auto, cpu or cuda.")
@settings_options("$defs/run")
@threads
def command(dataset, output, state, encoder, staging, device, threads, model, augment, **settings):
    """Train a network, or continue an interrupted training."""
    from cosmodag.memory import keep_freed_memory
    from cosmodag.provenance import fingerprint
    from cosmodag.training.run import train_run
    from cosmodag.training.settings import RunSettings

    keep_freed_memory()
    if state is not None:
        state = state / fingerprint(__name__, f"cosmodag.models.{model['name']}")
    train_run(
        dataset,
        output,
        RunSettings(
            model=model,
            augment=None if augment == "none" else augment,
            encoder=encoder,
            **settings,
        ),
        state_folder=state,
        staging=os.path.expandvars(staging) or None,
        device=device,
        threads=threads,
    )
