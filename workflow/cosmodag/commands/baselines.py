"""``cosmodag baselines``."""

import click

from cosmodag.commands.options import Structure, input_folder, output, threads


@click.command(
    epilog="Example: cosmodag baselines --dataset dataset --output baselines.h5"
    """ --task '{"name": "map", "channel": "fraction_matter"}'"""
)
@input_folder("--dataset", "Folder of the dataset.", required=True)
@output("File of the baselines' predictions.")
@click.option("--task", type=Structure(), required=True, help="What is to be predicted.")
@click.option("--truth", help="Channel that maps are scored on where it is not the task's.")
@click.option("--noise", type=Structure(), help="Thermal noise that the networks see.")
@click.option("--transform", help="Of the input, after which latents are scored.")
@click.option("--settings", type=Structure(), help="Bounds of simple methods, by their names.")
@click.option("--seed", default=0, help="Seed of subsamples and trees.")
@threads
def command(dataset, output, task, truth, noise, transform, settings, seed, threads):
    """Fit simple methods to what networks are to learn, for all runs on a dataset."""
    from cosmodag.evaluation.prepare_baselines import prepare_baselines

    prepare_baselines(
        dataset,
        output,
        task=task,
        truth=truth,
        noise=noise,
        transform=transform,
        settings=settings,
        seed=seed,
        threads=threads,
    )
