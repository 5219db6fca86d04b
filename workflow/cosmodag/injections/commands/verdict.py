"""``cosmodag injections verdict``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import VERDICT
from cosmodag.output_kinds import Figure


@stage(
    epilog="Example: cosmodag injections verdict --run runs/model --negative-control runs/same"
    " --dataset datasets/same --output verdict.json runs/psf runs/position"
)
@click.argument(
    "positive_controls",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    nargs=-1,
    required=True,
)
@input_folder("--run", "Folder of the evaluated run of the test.", required=True)
@input_folder(
    "--negative-control",
    "Folder of the evaluated run on injections without a flaw.",
    required=True,
)
@input_folder("--dataset", "Folder of the dataset of the negative control.", required=True)
@output("Figure of the controls, SVG.", Figure(), "--figure", required=False)
@output("Verdict, JSON.", VERDICT)
@threads
def command(positive_controls, run, negative_control, dataset, figure, output, threads):
    """Judge a two-sample test by POSITIVE_CONTROLS, runs on injections with a known flaw."""
    from cosmodag.injections.verdict.controls import judge_by_controls

    verdict = judge_by_controls(
        run, positive_controls, negative_control, dataset, output, figure=figure, threads=threads
    )
    click.echo(verdict["sentence"])
