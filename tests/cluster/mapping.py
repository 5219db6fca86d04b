"""Where each rule is to run under the profile as shipped, and what it is to be given."""

from typing import NamedTuple

from cosmodag import experiments


class Place(NamedTuple):
    """What Slurm is asked for.

    Attributes
    ----------
    threads
        CPUs a task.
    memory
        MB a node; None where it follows from the size of the work.
    minutes
        Of the first attempt; None likewise.
    """

    partition: str
    constraint: str
    threads: int
    gpus: int = 0
    tasks: int = 1
    nodes: int = 1
    memory: int | None = None
    minutes: int | None = None


def cpu(threads: int = 1, **more) -> Place:
    return Place("regular", "haswell", threads, **more)


MAPPING = {
    "voids_simulate": cpu(16),
    "voids_catalogue": cpu(),
    "voids_grid": cpu(16),
    "voids_label": cpu(16),
    "voids_statistics": cpu(16),
    "voids_find": cpu(16),
    "voids_cutouts": cpu(16),
    "voids_split": cpu(),
    "voids_relabel": cpu(16),
    "voids_train": Place("gpu", "gpu", 8, gpus=1, memory=16000, minutes=240),
    "voids_baselines": cpu(16),
    "voids_evaluate": cpu(16),
    "galaxies_simulate": cpu(),
    "galaxies_filter": cpu(8),
    "galaxies_cutouts": cpu(),
    "galaxies_split": cpu(),
    "galaxies_train": Place("gpu", "gpu", 8, gpus=1, memory=16000, minutes=240),
    "galaxies_baselines": cpu(16),
    "galaxies_evaluate": cpu(16),
    "galaxies_cluster": cpu(8),
    "galaxies_predict": cpu(),
    "injections_simulate": cpu(),
    "injections_observe": cpu(),
    "injections_select": cpu(),
    "injections_match": cpu(),
    "injections_transfer": cpu(),
    "injections_cutouts": cpu(tasks=32, nodes=2, memory=30000),
    "injections_split": cpu(),
    "injections_train": Place("knl", "knl&quad&cache", 68, memory=90000, minutes=240),
    "injections_baselines": cpu(16),
    "injections_evaluate": cpu(16),
    "injections_predict": cpu(),
    "injections_verdict": cpu(),
    "reionization_initial": cpu(16),
    "reionization_simulate": cpu(16),
    "reionization_read": cpu(),
    "reionization_cutouts": cpu(8),
    "reionization_split": cpu(),
    "reionization_train": Place("gpu", "gpu", 8, gpus=1, memory=16000, minutes=240),
    "reionization_baselines": cpu(16),
    "reionization_evaluate": cpu(16),
    "report": cpu(),
    **{f"{name}_report": cpu() for name in experiments.names()},
}
"""Every rule that runs a command."""
NOT_IN_ALL = {
    "voids_catalogue",
    "voids_find",
    "galaxies_filter",
    "injections_observe",
    "injections_match",
    "injections_transfer",
    "reionization_read",
    *(f"{name}_report" for name in experiments.names()),
}
"""Rules that the tiny workflow does not run: they read real data, report on one experiment, or
measure what it does not."""
