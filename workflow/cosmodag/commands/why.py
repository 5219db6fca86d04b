"""``cosmodag why``."""

import click

from cosmodag.commands.stage import stage


@stage(
    epilog="Example: cosmodag why results/report.html --configfile my.yaml",
    context_settings={"ignore_unknown_options": True},
)
@click.argument(
    "words", metavar="[TARGETS] [OPTIONS OF SNAKEMAKE]", nargs=-1, type=click.UNPROCESSED
)
def command(words):
    """Say why the workflow would make results again.

    The modules, data files, settings and inputs are named that changed since they were made. Call
    it where the workflow ran, with the same options, such as --configfile.
    """
    from cosmodag.dag.reasons import explain, plan

    jobs = plan(words)
    for line in explain(jobs) if jobs else ["nothing has changed: all results are up to date"]:
        click.echo(line)
