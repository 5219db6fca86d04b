"""``cosmodag report``."""

from pathlib import Path

import click

from cosmodag.commands.options import output
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import MarkedFile


@stage(epilog="Example: cosmodag report results/*/runs/* --output results/report.html")
@click.argument("runs", type=click.Path(exists=True, file_okay=False, path_type=Path), nargs=-1)
@click.option(
    "--product",
    "products",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="Another result that the report shows, <experiment>/<section>/…, such as a folder of "
    "clusters, a verdict or a table of predictions; may be given several times.",
)
@output("The page.", MarkedFile('content="cosmodag report"'))
def command(runs, products, output):
    """Write the report of evaluated runs as one page that opens offline."""
    from cosmodag.reporting.report import write_report

    write_report(output, runs, products=products)
