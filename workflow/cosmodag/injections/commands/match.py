"""``cosmodag injections match``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.injections.commands.brick_options import brick_options
from cosmodag.injections.outputs import MATCHES


@stage(
    epilog="Example: cosmodag injections match sky/model --output matches.parquet",
)
@click.argument("survey", type=click.Path(exists=True, file_okay=False, path_type=Path))
@brick_options
@output("Table of all injections, Parquet.", MATCHES)
@settings_options("injections/transfer/*", "match")
def command(survey, survey_name, output, bricks, batch, batches, max_rejected, **settings):
    """Match all injections into the bricks of SURVEY with the sources that were detected.

    The table has one row per injection, detected or not, with its truth, and one per spurious
    detection.
    """
    from cosmodag.injections.selection.survey_selection import BrickSubset
    from cosmodag.injections.transfer.match_survey import MatchSettings, match_survey

    n_injected = match_survey(
        survey / survey_name if survey_name else survey,
        output,
        subset=BrickSubset(bricks, batch, batches),
        settings=MatchSettings(**settings),
        max_rejected=max_rejected,
    )
    click.echo(f"{n_injected:,} injections")
