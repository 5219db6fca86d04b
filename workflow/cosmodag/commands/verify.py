"""``cosmodag verify``."""

from pathlib import Path

import click


@click.command(epilog="Example: cosmodag verify results")
@click.argument("results", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(results):
    """Check datasets, runs and groups against the hashes of their making; exit 1 if any differ."""
    from cosmodag.evaluation.verification import verify

    problems = 0
    for what, found in verify(results):
        click.echo(f"{what}: {'; '.join(found) if found else 'as made'}")
        problems += bool(found)
    if problems:
        raise click.exceptions.Exit(1)
