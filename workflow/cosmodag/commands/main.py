"""The command line: every stage of the workflow by hand, without Snakemake."""

import errno
import importlib
import logging
import os
import threading
from collections.abc import Mapping
from typing import NoReturn

import click

from cosmodag import experiments, extras, failures, processor
from cosmodag.dag import locks
from cosmodag.errors import InputError
from cosmodag.streams import prepare_streams

STAGES = {
    "split": "Split examples into training, validation and test sets.",
    "train": "Train a network.",
    "relabel": "Add a network's confident predictions to the labels.",
    "baselines": "Fit the baselines that networks are compared with.",
    "evaluate": "Score a trained network beside baselines on the test split.",
    "report": "Write the report of all runs as one page.",
    "summary": "Print the headline scores of runs.",
    "verify": "Check results against the hashes that they were made with.",
    "why": "Say which code, setting or input changed since results were made.",
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

    def main(self, *arguments, **settings):
        prepare_streams()
        return super().main(*arguments, **settings)

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

    def parse_args(self, context, args):
        # Lists of inputs may be longer than what the system allows for a command line.
        words = [word for arg in args for word in words_of(arg)] if context.parent is None else args
        return super().parse_args(context, words)

    def invoke(self, context):
        # Before OpenMP starts: threads that wait actively starve each other on a busy machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        threading.excepthook = failures.in_thread
        try:
            if context.parent is None:
                locks.follow_controller()
            processor.prepare(processor.read_processor())
            processor.cache_compiled_code()
            result = super().invoke(context)
        except Exception as error:
            _explain(error, context)
        failures.forget()
        return result


def _explain(error: Exception, context: click.Context) -> NoReturn:
    """Report an error in one line: a mistake with exit status 2, a failure with 1."""
    if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
        raise error
    if isinstance(error, InputError):
        raise InputMistake(failures.printable(str(error))) from error
    hint = extras.missing_package(error.name or "") if isinstance(error, ImportError) else None
    if hint is not None:
        raise InputMistake(hint) from error
    if os.environ.get(failures.DEBUG) or getattr(error, "errno", None) == errno.EPIPE:
        raise error
    failures.end(error, f"{context.command_path} {context.invoked_subcommand}")


def words_of(argument: str) -> list[str]:
    """Return the words that an argument stands for: ``@FILE`` for the lines of a file.

    Raises
    ------
    InputMistake
        If there is no such file.
    """
    if not argument.startswith("@") or os.path.exists(argument):
        return [argument]
    try:
        with open(argument[1:], encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise InputMistake(
            f"{argument}: {argument[1:]} cannot be read as a list of arguments ({error}); give a "
            "file with one argument per line"
        ) from None


main = Stages(
    STAGES,
    "cosmodag.commands",
    name="cosmodag",
    help="Deep learning on simulations and surveys of the universe, stage by stage. An argument"
    " @FILE stands for the lines of a file, such as a long list of inputs.",
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
