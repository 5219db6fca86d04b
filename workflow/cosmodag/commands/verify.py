"""``cosmodag verify``."""

from pathlib import Path

import click

from cosmodag import failures
from cosmodag.commands.stage import stage


@stage(epilog="Example: cosmodag verify results")
@click.argument("results", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(results):
    """Compare all files of RESULTS with the checksums of their making; exit 1 if any differs.

    Each file carries a checksum or is named by one that does, and records those of its inputs:
    altered, missing, foreign and exchanged files are listed, from sources to reports. Logs,
    benchmarks, states of unfinished jobs, and tensorboard/ and trace.json of runs are left out.
    """
    from cosmodag.evaluation.verification import verify_results

    found = verify_results(results)
    folder = results.resolve()
    for path, problems in sorted(found.problems.items()):
        name = path.relative_to(folder) if path.is_relative_to(folder) else path
        click.echo(f"{failures.printable(str(name))}: {'; '.join(problems)}")
    for path in found.elsewhere:
        click.echo(f"{path}: an input that is not here, so it was not compared")
    outcome = f"{len(found.problems)} not as made" if found.problems else "all as made"
    click.echo(f"{found.n_files} files, {found.n_bytes / 1e9:.3g} GB: {outcome}")
    if found.problems:
        raise click.exceptions.Exit(1)
