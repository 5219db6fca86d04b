"""``cosmodag injections verdict``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_folder, output, threads


@click.command(
    epilog="Example: cosmodag injections verdict --run runs/model --negative-control runs/same"
    " --dataset datasets/same --output verdict.json runs/psf runs/position"
)
@click.argument(
    "controls",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    nargs=-1,
    required=True,
)
@input_folder("--run", "Folder of the evaluated run: the test itself.", required=True)
@input_folder(
    "--negative-control", "Folder of the run whose injections have no known error.", required=True
)
@input_folder("--dataset", "Folder of that run's dataset.", required=True)
@click.option("--figure", type=click.Path(path_type=Path), help="Figure of the controls, SVG.")
@output("What comes of it, JSON.")
@threads
def command(controls, run, negative_control, dataset, figure, output, threads):
    """Judge a two-sample test by CONTROLS, runs whose injections are wrong in a known way."""
    from cosmodag.injections.verdict.controls import judge_by_controls

    found = judge_by_controls(
        run, controls, negative_control, dataset, output, figure=figure, threads=threads
    )
    click.echo(found["sentence"])
