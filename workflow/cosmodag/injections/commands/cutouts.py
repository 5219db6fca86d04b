"""``cosmodag injections cutouts``."""

import click

from cosmodag.commands.options import input_file, input_folder, output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import ANY_FOLDER, Hdf5File


@stage(
    epilog="Example: mpiexec -n 4 cosmodag injections cutouts --survey sky/model"
    " --objects objects.parquet --scratch scratch --output cutouts.h5"
)
@input_folder("--survey", "Folder of the survey.", required=True)
@click.option("--survey-name", help="Folder in the survey of one of several surveys of one sky.")
@input_file("--objects", "Table of the selected objects.", required=True)
@output("Examples file.", Hdf5File("examples"))
@output("Folder of finished bricks, from which a killed job resumes.", ANY_FOLDER, "--scratch")
@settings_options("injections/cutouts/*")
def command(survey, survey_name, objects, output, **settings):
    """Cut stamps of selected objects; the ranks of an MPI job share the bricks."""
    import gc

    from cosmodag.injections.cutouts.brick_stamps import cut_stamps
    from cosmodag.injections.selection.brick_selection import read_objects
    from cosmodag.memory import keep_freed_memory

    survey = survey / survey_name if survey_name else survey
    gc.freeze()  # the collector need not scan imported modules while planes are freed
    keep_freed_memory()
    cut_stamps(read_objects(objects), survey, output, objects_file=objects, **settings)
