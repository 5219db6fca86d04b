"""``cosmodag split``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options


@click.command(epilog="Example: cosmodag split cutouts/*.h5 --output dataset")
@click.argument("examples", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@output("Folder of the dataset.")
@click.option(
    "--test",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="Examples that are the test split as they are, such as those of another simulator; what"
    " would have been tested on is left out. May be given several times.",
)
@settings_options("$defs/dataset")
def command(examples, output, test, **settings):
    """Deal examples to training, validation and test by groups, and audit the deal for leaks."""
    from cosmodag.datasets.shards import write_dataset

    write_dataset(examples, output, test_files=test, **settings)
