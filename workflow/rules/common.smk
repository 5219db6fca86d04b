# Functions and values that all rules share; the tested logic behind them is in cosmodag.dag.
#
# Needs:  config                               as read by Snakemake
# Makes:  config                               checked, with all defaults
#         results                              folder of all results
#         options                              the configuration as command-line options
#         code, scaled                         code fingerprints, resources
#         cosmodag, cosmodag_ranks             the words that start a command, or its MPI ranks
#         node, environment                    kind of node, and the conda environment for it
#         state_folder, staging_options        parameters of training
#         dataset_of, baselines_of, trained,
#         teacher_of, encoder_of               inputs of a run

import signal
from contextlib import contextmanager
from shlex import quote

from cosmodag import experiments, source_cache
from cosmodag.dag import common as helpers
from cosmodag.dag import controller, job_start, locks, reevaluation, requests, retries
from cosmodag.dag import submission
from cosmodag.errors import InputError
from snakemake.jobs import Job
from snakemake.persistence import PersistenceBase
from snakemake.scheduling.job_scheduler import JobScheduler

# Slurm announces a time limit with this signal. Training then saves its state, and the snakemake
# around it waits.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)


class InputMistake(WorkflowError):
    """A mistake in an input, which Snakemake shows without the lines of code that found it."""

    __traceback__ = None


@contextmanager
def one_line():
    """Show an error in the user's input as one line."""
    try:
        yield
    except InputError as error:
        raise InputMistake(str(error)) from None


# Facts about the sources, for this process and those of jobs.
source_cache.keep_in(".snakemake/cosmodag")
with one_line():
    config = helpers.checked(config, workflow.configfiles)

results = config["results"]
# A killed Snakemake leaves no lock behind, and no job.
locks.replace_lock(PersistenceBase, one_line)
# Another attempt cannot mend a mistake in an input.
retries.exempt_input_errors(Job)
# The scheduler's own cost does not grow with the number of finished jobs.
reevaluation.limit_reevaluation(JobScheduler)
options = helpers.command_options(config)
code = helpers.command_fingerprint
scaled = helpers.scaled
# These do not affect results. Since they have an argument `resources`, Snakemake does not rerun jobs
# when their values change.
cosmodag = job_start.start_command
cosmodag_ranks = job_start.start_ranks
node = job_start.kind_of_node
# Folders beside the files of rules; as a module, this workflow may have a prefix for its paths.
placed = workflow.modifier.path_modifier.replace_prefix
folders = {key: config[key] and placed(config[key]) for key in ("results", "scratch")}


def state_folder(wildcards, resources):
    return controller.state_folder(folders)


def staging_options(wildcards, resources):
    return helpers.format_options({"staging": config["staging"]})


def environment(wildcards, params):
    with one_line():
        return job_start.environment_file(params.node)


wildcard_constraints:
    experiment="[a-z]+",
    source="[A-Za-z0-9_-]+",
    batch="[0-9]+",


def dataset_of(experiment, run):
    return (
        f"{results}/{experiment}/datasets/{config[experiment]['runs'][run]['dataset']}"
    )


def baselines_of(experiment, run):
    dataset = config[experiment]["runs"][run]["dataset"]
    dataset = helpers.original_dataset(config, experiment, dataset)
    target = helpers.target_name(config, experiment, run)
    return f"{results}/{experiment}/baselines/{dataset}/{target}.h5"


def teacher_of(experiment, dataset):
    return config[experiment]["datasets"][dataset]["teacher"]


def trained(experiment, run):
    folder = f"{results}/{experiment}/runs/{run}"
    return {"model": f"{folder}/model.pt", "description": f"{folder}/run.json"}


def encoder_of(experiment, run):
    encoder = config[experiment]["runs"][run].get("encoder")
    return list(trained(experiment, encoder).values()) if encoder is not None else []


# The files of each experiment that the configuration has.
all_files = {
    declared.name: declared.files(config)
    for declared in experiments.declared()
    if declared.name in config
}
# The modules that write parts of the report.
report_modules = [
    declared.report.partition(":")[0]
    for declared in experiments.declared()
    if declared.report
]
