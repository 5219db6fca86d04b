"""The command line: every stage of the workflow by hand, without Snakemake."""

import importlib
import logging
import os

import click

from cosmodag import processor
from cosmodag.errors import InputError

STAGES = {
    "split": "Deal examples to training, validation and test.",
    "train": "Train a network.",
    "relabel": "Add a network's confident predictions to the labels.",
    "baselines": "Fit simple methods to compare networks with.",
    "evaluate": "Score a trained network beside baselines on the test split.",
    "report": "Write the report of all runs as one page.",
    "summary": "Print the headline scores of runs.",
    "verify": "Check results against the hashes that they were made with.",
    "config": "Check a configuration and print it with its defaults.",
}
VOIDS_STAGES = {
    "simulate": "Simulate boxes of matter and galaxies.",
    "catalogue": "Read a catalogue of galaxies.",
    "grid": "Assign galaxies to grids.",
    "label": "Find the voids.",
    "cutouts": "Cut sub-boxes and their maps of voids.",
}
GALAXIES_STAGES = {
    "simulate": "Simulate stamps of galaxies.",
    "filter": "List the files of a folder that hold stamps of a shape.",
    "cutouts": "Bring stamps to one size.",
    "cluster": "Group images by a run's latents and by simpler numbers.",
}
PREDICTIONS = {
    "galaxies": "Apply trained networks to stamps of galaxies, real ones too.",
}
INJECTIONS_STAGES = {
    "simulate": "Simulate bricks of a survey with injections.",
    "observe": "Inject galaxies into a real image.",
    "select": "Choose real and injected objects by the same cuts.",
    "cutouts": "Cut stamps of selected objects.",
    "apply": "Apply a trained network to stamps of other images.",
    "verdict": "Judge a two-sample test by its controls.",
}
REIONIZATION_STAGES = {
    "initial": "Draw the initial conditions of universes.",
    "simulate": "Simulate cubes at one redshift.",
    "read": "Read cubes out of a folder.",
    "cutouts": "Cut slices of cubes.",
}


class Stages(click.Group):
    """Commands that are imported when they are called, since some take seconds to import."""

    def __init__(self, modules: dict[str, str], prefix: str = "", **settings):
        super().__init__(**settings)
        self._modules, self._prefix = modules, prefix

    def list_commands(self, context):
        return [*self._modules, *super().list_commands(context)]

    def get_command(self, context, name):
        if name in self._modules:
            module = importlib.import_module(f"cosmodag.commands.{self._prefix}{name}")
            return module.command
        return super().get_command(context, name)

    def format_commands(self, context, formatter):
        rows = [*self._modules.items(), *((n, c.help) for n, c in self.commands.items())]
        with formatter.section("Stages"):
            formatter.write_dl(rows)

    def invoke(self, context):
        # Before OpenMP starts: threads that wait actively starve each other on a busy machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        try:
            processor.prepare(processor.read_processor())
            return super().invoke(context)
        except InputError as error:
            refusal = click.ClickException(str(error))
            refusal.exit_code = 2
            raise refusal from error


main = Stages(
    STAGES,
    name="cosmodag",
    help="Deep learning on simulations and surveys of the universe, stage by stage.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
main.add_command(
    Stages(VOIDS_STAGES, "voids_", name="voids", help="The stages of the void experiment.")
)
main.add_command(
    Stages(
        GALAXIES_STAGES,
        "galaxies_",
        name="galaxies",
        help="The stages of the galaxy experiment.",
    )
)
main.add_command(
    Stages(
        INJECTIONS_STAGES,
        "injections_",
        name="injections",
        help="The stages of the injection experiment.",
    )
)
main.add_command(
    Stages(
        REIONIZATION_STAGES,
        "reionization_",
        name="reionization",
        help="The stages of the reionization experiment.",
    )
)
main.add_command(
    Stages(
        PREDICTIONS,
        "predict_",
        name="predict",
        help="Trained networks put to use on images of your own.",
    )
)
click.version_option(package_name="cosmodag")(main)
