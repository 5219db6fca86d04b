"""``cosmodag split``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import DATASET


@stage(epilog="Example: cosmodag split cutouts/*.h5 --output dataset")
@click.argument("examples", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@output("Folder of the dataset.", DATASET)
@click.option(
    "--test",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="Examples file of the test split, such as one of another simulator; examples that would be"
    " the test split otherwise are left out. May be repeated.",
)
@settings_options("$defs/dataset")
def command(examples, output, test, **settings):
    """Split examples into training, validation and test sets by groups; audit for leaks."""
    from cosmodag.datasets.shards import write_dataset

    write_dataset(examples, output, test_files=test, **settings)
