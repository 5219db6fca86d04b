"""``cosmodag summary``."""

from pathlib import Path

import click

from cosmodag.commands.stage import stage


@stage(epilog="Example: cosmodag summary results")
@click.argument("results", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(results):
    """Print the headline score of every run beside its strongest baseline."""
    from cosmodag.reporting.summary import summary

    runs = sorted(path.parent for path in results.glob("*/runs/*/metrics.json"))
    click.echo(summary(runs))
