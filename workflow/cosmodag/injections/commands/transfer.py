"""``cosmodag injections transfer``."""

from pathlib import Path

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import TRANSFER


@stage(
    epilog="Example: cosmodag injections transfer matches.parquet --output transfer",
)
@click.argument(
    "matches",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    nargs=-1,
    required=True,
)
@output("Folder of transfer.json, tables, figures and completeness.json.", TRANSFER)
@settings_options("injections/transfer/*")
def command(matches, output, **settings):
    """Measure completeness, purity, bias and scatter from all tables MATCHES."""
    from cosmodag.injections.transfer.match_tables import MatchTables
    from cosmodag.injections.transfer.measurement import TransferSettings
    from cosmodag.injections.transfer.transfer_files import write_transfer

    tables = MatchTables(matches, settings["reference"])
    click.echo(write_transfer(output, tables, TransferSettings(**settings))["sentence"])
