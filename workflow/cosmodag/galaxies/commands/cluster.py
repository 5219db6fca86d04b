"""``cosmodag galaxies cluster``."""

import os

import click

from cosmodag.commands.options import input_folder, output, settings_options, threads


@click.command(
    epilog="Example: cosmodag galaxies cluster --run runs/latent8 --dataset datasets/plain"
    " --output clusters/shapes --labels sersic_index --label-edges '[2.5]'"
)
@input_folder("--run", "Folder of the trained run, of the task latent.", required=True)
@input_folder("--dataset", "Folder of the dataset that it was trained on.", required=True)
@output("Folder of what comes of it: clusters.json, members.csv, grouping.h5, figures.")
@settings_options("galaxies/clusters/*")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(run, dataset, output, label_table, max_clusters, n_bootstrap, max_embedded, **settings):
    """Group images by a run's latents, by principal components and by morphology."""
    from cosmodag.galaxies.clusters.clustering import cluster_galaxies

    if label_table is not None:
        label_table = {**label_table, "path": os.path.expandvars(label_table["path"])}
    found = cluster_galaxies(
        run,
        dataset,
        output,
        label_table=label_table,
        most=max_clusters,
        resampled=n_bootstrap,
        mapped=max_embedded,
        **settings,
    )
    click.echo(found["sentence"])
