"""``cosmodag report``."""

from pathlib import Path

import click

from cosmodag.commands.options import output


def several(*names: str, help: str, folder: bool = False):
    """An option for files, or folders, that may be given several times."""
    kind = click.Path(exists=True, file_okay=not folder, dir_okay=folder, path_type=Path)
    help = f"{help}; may be given several times."
    return click.option(*names, type=kind, multiple=True, help=help)


@click.command(epilog="Example: cosmodag report results/voids/runs/* --output results/report.html")
@click.argument("runs", type=click.Path(exists=True, file_okay=False, path_type=Path), nargs=-1)
@several("--verdict", "verdicts", help="Verdict of a two-sample test and its controls")
@several(
    "--cuts",
    help="Table of what the cuts of a selection removed, <experiment>/selections/<selection>/*.csv",
)
@several("--clusters", help="Folder of groups of galaxies", folder=True)
@several(
    "--application",
    "applications",
    help="Table of what networks say of stamps, <experiment>/applications/<application>.csv, with"
    " its gallery beside it",
)
@output("The page.")
def command(runs, output, **parts):
    """Write the report of evaluated runs as one page that opens offline."""
    from cosmodag.reporting.report import write_report

    write_report(output, runs, **parts)
