"""``cosmodag galaxies cluster``."""

import os

import click

from cosmodag.commands.options import input_file, input_folder, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.galaxies.outputs import CLUSTERS


@stage(
    epilog="Example: cosmodag galaxies cluster --run runs/latent8 --dataset datasets/plain"
    " --output clusters/shapes --labels sersic_index --label-edges '[2.5]'"
)
@input_folder("--run", "Folder of a trained run of the task latent.", required=True)
@input_folder("--dataset", "Folder of the dataset that the run was trained on.", required=True)
@output("Folder of clusters.json, members.csv, cluster_model.h5 and figures.", CLUSTERS)
@input_file("--label-file", "Table of labels, in place of the path in --label-table.")
@settings_options("galaxies/clusters/*")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(
    run,
    dataset,
    output,
    labels,
    label_table,
    label_file,
    label_edges,
    max_embedded,
    device,
    threads,
    **search,
):
    """Cluster galaxies in the latent space of a run.

    Clusters by principal components and by morphology are found for comparison.
    """
    from cosmodag.galaxies.clusters.clustering import cluster_galaxies
    from cosmodag.galaxies.clusters.labels import LabelColumn
    from cosmodag.galaxies.clusters.model_selection import ClusterSearch

    if label_table is not None:
        path = label_file or os.path.expandvars(label_table["path"])
        label_table = {**label_table, "path": str(path)}
    content = cluster_galaxies(
        run,
        dataset,
        output,
        labels=None if labels is None else LabelColumn(labels, label_table, label_edges),
        search=ClusterSearch(**search),
        max_embedded=max_embedded,
        device=device,
        threads=threads,
    )
    click.echo(content["sentence"])
