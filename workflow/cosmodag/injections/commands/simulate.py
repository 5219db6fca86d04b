"""``cosmodag injections simulate``."""

import click

from cosmodag.commands.options import output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import SURVEYS


@stage(
    epilog="""Example: cosmodag injections simulate --output sky --count 2"""
    """ --surveys '{"model": {"population": "model"}}'"""
)
@output("Folder of the surveys, a folder each, in the layout of the Legacy Surveys.", SURVEYS)
@click.option("--first", type=click.IntRange(min=0), default=0, help="Number of the first brick.")
@click.option("--count", type=click.IntRange(min=1), default=1, help="Number of bricks.")
@settings_options("injections/sources/*/simulation")
def command(output, first, count, surveys, **settings):
    """Simulate bricks of a sky, with a run of injections in each of several surveys of it."""
    from cosmodag.files import whole_folder
    from cosmodag.injections.simulation.survey_simulation import simulate_surveys
    from cosmodag.injections.simulation.survey_writer import InjectionRun

    with whole_folder(output, SURVEYS) as folder:
        runs = [
            InjectionRun(folder / name, entry.get("population", "model"), _flaw(entry))
            for name, entry in surveys.items()
        ]
        simulate_surveys(runs, bricks=range(first, first + count), **settings)


def _flaw(entry: dict) -> str | None:
    """Return the flaw of a survey; None for "none"."""
    flaw = entry.get("flaw", "none")
    return None if flaw == "none" else flaw
