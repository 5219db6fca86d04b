# Shared by the files beside this one. The logic behind it stands, tested, in cosmodag.dag.
# Needs: `config`. Gives: `config` (completed), `options`, `code`, `results`, `scaled`, `launch`,
# `state_folder`, `staging_options`, and what a run is trained and compared on: `dataset_of`,
# `baselines_of`, `teacher_of`, `encoder_of`.

import signal
from contextlib import contextmanager
from shlex import quote

from cosmodag import experiments
from cosmodag.dag import common as helpers
from cosmodag.dag import controller, retries, submission
from cosmodag.errors import InputError
from snakemake.jobs import Job

# Slurm warns of a time limit by this signal: the program that a job runs saves its work, and
# Snakemake around it waits for that.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)


class InputMistake(WorkflowError):
    """A mistake in an input, which Snakemake shows without the lines of code that found it."""

    __traceback__ = None


@contextmanager
def one_line():
    """Show a mistake in an input as one line."""
    try:
        yield
    except InputError as error:
        raise InputMistake(str(error)) from None


with one_line():
    config = helpers.checked(config, workflow.configfiles)

results = config["results"]
# Another attempt cannot mend a mistake in an input.
retries.exempt_input_errors(Job)
# The configuration as options of the command line.
options = helpers.command_options(config)
# The fingerprint of the modules behind a command.
code = helpers.code
# A resource that grows with the attempt.
scaled = helpers.scaled
# What a command is started by: nothing, or whatever starts ranks where a profile says so.
launch = helpers.launch

# Jobs find the package in this checkout, in whatever environment they run.
shell.prefix(f"export PYTHONPATH={quote(str(helpers.PACKAGE_FOLDER))}; ")


# These say where work is done, not what comes of it: since they ask for resources, Snakemake takes
# them for no parameter of the result.
def state_folder(wildcards, resources):
    return config["scratch"] or f"{results}/.state"


def staging_options(wildcards, resources):
    return helpers.options({"staging": config["staging"]})


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
    dataset = helpers.first_dataset(config, experiment, dataset)
    target = helpers.target(config, experiment, run)
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
