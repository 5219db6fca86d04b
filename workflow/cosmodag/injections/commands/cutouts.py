"""``cosmodag injections cutouts``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_file, input_folder, output, settings_options


@click.command(
    epilog="Example: mpiexec -n 4 cosmodag injections cutouts --survey sky/model"
    " --objects objects.parquet --scratch scratch --output cutouts.h5"
)
@input_folder("--survey", "Folder of the survey.", required=True)
@click.option("--survey-name", help="Folder in the survey of one of several surveys of one sky.")
@input_file("--objects", "Table of the selected objects.", required=True)
@output("Examples file.")
@click.option(
    "--scratch",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of finished bricks, from which a killed job resumes.",
)
@settings_options("injections/cutouts/*")
def command(survey, survey_name, objects, output, **settings):
    """Cut stamps of selected objects; the ranks of an MPI job share the bricks."""
    import gc

    import pandas as pd

    from cosmodag.injections.cutouts.brick_stamps import cut_stamps
    from cosmodag.memory import keep_freed_memory

    survey = survey / survey_name if survey_name else survey
    gc.freeze()  # the collector need not scan imported modules while planes are freed
    keep_freed_memory()
    cut_stamps(pd.read_parquet(objects), survey, output, **settings)
