"""The command line: every stage of the workflow by hand, without Snakemake."""

import importlib
import logging
import os
from collections.abc import Mapping

import click

from cosmodag import experiments, extras, processor
from cosmodag.errors import InputError

STAGES = {
    "split": "Split examples into training, validation and test sets.",
    "train": "Train a network.",
    "relabel": "Add a network's confident predictions to the labels.",
    "baselines": "Fit simple methods to compare networks with.",
    "evaluate": "Score a trained network beside baselines on the test split.",
    "report": "Write the report of all runs as one page.",
    "summary": "Print the headline scores of runs.",
    "verify": "Check results against the hashes that they were made with.",
    "config": "Check a configuration and print it with its defaults.",
}


class InputMistake(click.ClickException):
    """A mistake of the user, which is printed in one line."""

    exit_code = 2


class Stages(click.Group):
    """Commands that are imported when they are called, since some take seconds to import."""

    def __init__(self, modules: Mapping[str, str], package: str, **settings):
        super().__init__(**settings)
        self._modules, self._package = modules, package

    def list_commands(self, context):
        return [*self._modules, *super().list_commands(context)]

    def get_command(self, context, name):
        if name in self._modules:
            module = importlib.import_module(f"{self._package}.{name}")
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
            raise InputMistake(str(error)) from error
        except ModuleNotFoundError as error:
            hint = extras.missing_package(error.name or "")
            if hint is None:
                raise
            raise InputMistake(hint) from error


main = Stages(
    STAGES,
    "cosmodag.commands",
    name="cosmodag",
    help="Deep learning on simulations and surveys of the universe, stage by stage.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
for experiment in map(experiments.find, experiments.names()):
    main.add_command(
        Stages(
            experiment.stages,
            f"cosmodag.{experiment.name}.commands",
            name=experiment.name,
            help=f"{experiment.title}: {experiment.question}",
        )
    )
click.version_option(package_name="cosmodag")(main)
