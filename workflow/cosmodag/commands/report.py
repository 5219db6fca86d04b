"""``cosmodag report``."""

from pathlib import Path

import click

from cosmodag.commands.options import output


@click.command(epilog="Example: cosmodag report results/voids/runs/* --output results/report.html")
@click.argument("runs", type=click.Path(exists=True, file_okay=False, path_type=Path), nargs=-1)
@click.option(
    "--verdict",
    "verdicts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Verdict of a two-sample test and its controls; may be given several times.",
)
@click.option(
    "--cuts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Table of what the cuts of a selection removed, <experiment>/selections/<selection>/*.csv;"
    " may be given several times.",
)
@click.option(
    "--clusters",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="Folder of groups of galaxies; may be given several times.",
)
@click.option(
    "--application",
    "applications",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Table of what networks say of stamps, <experiment>/applications/<application>.csv, with"
    " its gallery beside it; may be given several times.",
)
@output("The page.")
def command(runs, output, **parts):
    """Write the report of evaluated runs as one page that opens offline."""
    from cosmodag.evaluation.report import write_report

    write_report(output, runs, **parts)
