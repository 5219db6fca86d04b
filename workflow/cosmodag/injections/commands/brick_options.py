"""Options of commands that read bricks of a survey."""

from collections.abc import Callable

import click

from cosmodag.commands.options import input_file


def brick_options(command: Callable) -> Callable:
    """Add the options that name a survey of a simulation and a batch of its bricks."""
    options = (
        click.option(
            "--survey-name", help="Folder in SURVEY of one of several surveys of one sky."
        ),
        input_file(
            "--bricks", "List of bricks; by default survey-bricks.fits in the survey's folder."
        ),
        click.option(
            "--batch",
            type=click.IntRange(min=0),
            default=0,
            help="Index of the batch of bricks to read, from 0.",
        ),
        click.option(
            "--batches",
            type=click.IntRange(min=1),
            default=1,
            help="Number of batches into which the list is divided.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
