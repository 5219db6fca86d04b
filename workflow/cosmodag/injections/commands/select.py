"""``cosmodag injections select``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.injections.commands.brick_options import brick_options
from cosmodag.injections.outputs import CUTS, SELECTION


@stage(
    epilog="Example: cosmodag injections select sky --survey-name model --output objects.parquet"
    " --cuts cuts.csv"
)
@click.argument("survey", type=click.Path(exists=True, file_okay=False, path_type=Path))
@output("Table of the selected objects, Parquet.", SELECTION)
@output("Table of the number of objects that each cut removes, CSV.", CUTS, "--cuts")
@brick_options
@settings_options("injections/selections/*")
def command(survey, survey_name, output, cuts, bricks, batch, batches, **settings):
    """Select the real and the injected objects of bricks by the same cuts."""
    from cosmodag.injections.selection.survey_selection import BrickSubset, select_survey

    survey = survey / survey_name if survey_name else survey
    subset = BrickSubset(bricks, batch, batches)
    select_survey(survey, output, cuts, subset=subset, **settings)
