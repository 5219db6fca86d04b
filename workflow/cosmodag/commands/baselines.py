"""``cosmodag baselines``."""

import click

from cosmodag.commands.options import KindOfFile, Structure, input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag baselines --dataset dataset --output baselines.h5"
    """ --task '{"name": "map", "channel": "fraction_matter"}'"""
)
@input_folder("--dataset", "Folder of the dataset.", required=True)
@output("File of the baselines' predictions.", Hdf5File("baselines"))
@click.option("--task", type=Structure(), required=True, help="What is to be predicted.")
@click.option("--truth", help="Channel that maps are scored on where it is not the task's.")
@click.option("--noise", type=Structure(), help="Thermal noise that the networks see.")
@click.option(
    "--noise-draws",
    type=click.IntRange(min=1),
    default=4,
    help="Draws of the noise of the training set that baselines are fitted to.",
)
@click.option("--transform", help="Of the input, after which latents are scored.")
@click.option(
    "--source",
    "sources",
    type=KindOfFile(),
    multiple=True,
    help="File that the examples were cut out of, as KIND=FILE, for baselines that see more of it.",
)
@click.option("--settings", type=Structure(), help="Settings of single baselines, by their names.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="Seed of the noise, of subsamples and of trees.",
)
@threads
def command(
    dataset, output, task, truth, noise, noise_draws, transform, sources, settings, seed, threads
):
    """Fit the baselines of a dataset and target, for all runs that share them."""
    from cosmodag.evaluation.prepare_baselines import prepare_baselines

    files = {}
    for kind, file in sources:
        files.setdefault(kind, []).append(file)

    prepare_baselines(
        dataset,
        output,
        task=task,
        truth=truth,
        noise=noise,
        noise_draws=noise_draws,
        transform=transform,
        sources=files,
        settings=settings,
        seed=seed,
        threads=threads,
    )
