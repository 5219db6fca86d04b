"""``cosmodag injections select``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_file, output, settings_options


@click.command(
    epilog="Example: cosmodag injections select sky --survey-name model --output objects.parquet"
    " --cuts cuts.csv"
)
@click.argument("survey", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--survey-name", help="Folder in SURVEY of one of several surveys of one sky.")
@output("Table of the selected objects.")
@click.option(
    "--cuts", type=click.Path(path_type=Path), required=True, help="Table of what each cut removed."
)
@input_file("--bricks", "List of bricks; survey-bricks.fits in the survey's folder if absent.")
@click.option("--batch", default=0, help="Which share of the bricks, from 0.")
@click.option("--batches", default=1, help="Shares that the bricks are dealt to.")
@settings_options("injections/selections/*")
def command(survey, survey_name, output, cuts, bricks, batch, batches, **settings):
    """Choose the real and the injected objects of bricks by the same cuts."""
    from cosmodag.injections.selection.survey_selection import select_survey

    survey = survey / survey_name if survey_name else survey
    select_survey(survey, output, cuts, bricks=bricks, batch=batch, batches=batches, **settings)
