"""``cosmodag report``."""

from pathlib import Path

import click

from cosmodag.commands.options import output


@click.command(epilog="Example: cosmodag report results/voids/runs/* --output results/report.html")
@click.argument("runs", type=click.Path(exists=True, file_okay=False, path_type=Path), nargs=-1)
@output("The page.")
def command(runs, output):
    """Write the report of evaluated runs as one page that opens offline."""
    from cosmodag.evaluation.report import write_report

    write_report(output, runs)
