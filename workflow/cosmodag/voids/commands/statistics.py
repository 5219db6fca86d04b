"""``cosmodag voids statistics``."""

from itertools import zip_longest

import click

from cosmodag.commands.options import input_file, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.voids.outputs import STATISTICS


@stage(
    epilog="Example: cosmodag voids statistics --labels labels.h5 --galaxies galaxies.h5"
    " --matter matter.h5 --output statistics"
)
@input_file("--labels", "Labels file; once per batch of boxes.", multiple=True, required=True)
@input_file("--galaxies", "Galaxies file; once per batch.", multiple=True, required=True)
@input_file("--matter", "Grid file of the simulated matter; once per batch.", multiple=True)
@input_file(
    "--grid",
    "Grid file of the galaxies, made with pilots, to find voids in the reconstructed matter, too; "
    "once per batch.",
    multiple=True,
)
@output("Folder of statistics.json, tables and a figure.", STATISTICS)
@settings_options("voids/statistics/*")
@threads
def command(labels, galaxies, matter, grid, output, threads, **settings):
    """Measure sizes, profiles, cross-correlations and shapes of voids in all boxes.

    Files of one batch of boxes have the same place among those of each option.
    """
    from cosmodag.voids.statistics.measured_boxes import Batch
    from cosmodag.voids.statistics.void_statistics import StatisticsSettings, write_statistics

    for name, files in (("--galaxies", galaxies), ("--matter", matter), ("--grid", grid)):
        if files and len(files) != len(labels):
            raise click.UsageError(
                f"{len(files)} files of {name} and {len(labels)} of --labels; give one per batch"
            )
    content = write_statistics(
        output,
        [Batch(*files) for files in zip_longest(labels, galaxies, matter, grid)],
        settings=StatisticsSettings(**settings),
        threads=threads,
    )
    click.echo(content["sentence"])
