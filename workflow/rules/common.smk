# Functions and values that all rules share; the tested logic behind them is in cosmodag.dag.
#
# Needs:  config                               as read by Snakemake
# Makes:  config                               checked, with all defaults
#         results                              folder of all results
#         options                              the configuration as command-line options
#         code, scaled, launch                 code fingerprints, resources, starts of MPI ranks
#         state_folder, staging_options        parameters of training
#         dataset_of, baselines_of,
#         teacher_of, encoder_of               inputs of a run

import signal
from contextlib import contextmanager
from shlex import quote

from cosmodag import experiments
from cosmodag.dag import common as helpers
from cosmodag.dag import controller, retries, submission
from cosmodag.errors import InputError
from snakemake.jobs import Job

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


with one_line():
    config = helpers.checked(config, workflow.configfiles)

results = config["results"]
# Another attempt cannot mend a mistake in an input.
retries.exempt_input_errors(Job)
options = helpers.command_options(config)
code = helpers.command_fingerprint
scaled = helpers.scaled
launch = helpers.launch

# Jobs import the package of this checkout in any environment.
shell.prefix(f"export PYTHONPATH={quote(str(helpers.PACKAGE_FOLDER))}; ")


# These two functions do not affect results. Since they have an argument `resources`, Snakemake does
# not rerun jobs when their values change.
def state_folder(wildcards, resources):
    return config["scratch"] or f"{results}/.state"


def staging_options(wildcards, resources):
    return helpers.format_options({"staging": config["staging"]})


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


def encoder_of(experiment, run):
    encoder = config[experiment]["runs"][run].get("encoder")
    return (
        f"{results}/{experiment}/runs/{encoder}/model.pt" if encoder is not None else []
    )


# The files of each experiment that the configuration holds.
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
