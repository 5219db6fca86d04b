"""``cosmodag injections select``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_file, output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import CUTS, SELECTION


@stage(
    epilog="Example: cosmodag injections select sky --survey-name model --output objects.parquet"
    " --cuts cuts.csv"
)
@click.argument("survey", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--survey-name", help="Folder in SURVEY of one of several surveys of one sky.")
@output("Table of the selected objects, Parquet.", SELECTION)
@output("Table of the number of objects that each cut removes, CSV.", CUTS, "--cuts")
@input_file("--bricks", "List of bricks; by default survey-bricks.fits in the survey's folder.")
@click.option(
    "--batch",
    type=click.IntRange(min=0),
    default=0,
    help="Index of the batch of bricks to read, from 0.",
)
@click.option(
    "--batches",
    type=click.IntRange(min=1),
    default=1,
    help="Number of batches into which the list is divided.",
)
@settings_options("injections/selections/*")
def command(survey, survey_name, output, cuts, bricks, batch, batches, **settings):
    """Select the real and the injected objects of bricks by the same cuts."""
    from cosmodag.injections.selection.survey_selection import BrickSubset, select_survey

    survey = survey / survey_name if survey_name else survey
    subset = BrickSubset(bricks, batch, batches)
    select_survey(survey, output, cuts, subset=subset, **settings)
