"""``cosmodag voids simulate``."""

import click

from cosmodag import settings
from cosmodag.commands.options import Structure, input_file, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File

ENTRY = "voids/sources/*/simulation"


@stage(epilog="Example: cosmodag voids simulate --galaxies g.h5 --matter m.h5 --count 2")
@output("Galaxies file.", Hdf5File("galaxies"), "--galaxies")
@output("Matter grid file.", Hdf5File("grid"), "--matter")
@click.option("--source", default="boxes", help="Name of the source, part of the boxes' groups.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, help="Number of the first realization."
)
@click.option("--count", type=click.IntRange(min=1), default=1, help="Number of realizations.")
@click.option(
    "--survey",
    type=Structure(),
    help="Survey by which the boxes are observed, with the keys of the configuration as JSON, "
    "without the paths of randoms and mask.",
)
@input_file("--survey-randoms", "Randoms of the survey; once per file.", multiple=True)
@input_file("--survey-mask", "HEALPix map of the completeness of the survey, in FITS.")
@settings_options(ENTRY)
@threads
def command(
    galaxies,
    matter,
    source,
    first,
    count,
    survey,
    survey_randoms,
    survey_mask,
    threads,
    **simulation,
):
    """Evolve boxes of matter and draw galaxies from them.

    With --survey the boxes are observed: galaxies are in redshift space along the line of sight of
    the observer, and thinned to the footprint and the radial selection of the survey.
    """
    from cosmodag.voids.simulation.realizations import BoxSimulation, simulate_boxes
    from cosmodag.voids.survey.survey_settings import simulated_survey

    if survey is not None:
        paths = {
            "randoms": list(map(str, survey_randoms)),
            "mask": survey_mask and str(survey_mask),
        }
        for kind, path in paths.items():
            if path:
                survey[kind] = {**survey.get(kind, {}), "path": path}
        survey = settings.with_defaults(survey, f"{ENTRY}/survey")
        simulation["survey"] = simulated_survey(survey)

    simulate_boxes(
        galaxies,
        matter,
        BoxSimulation(**simulation),
        source=source,
        realizations=range(first, first + count),
        threads=threads,
    )
