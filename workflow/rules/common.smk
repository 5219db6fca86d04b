# Shared by the files beside this one. The logic behind it stands, tested, in cosmodag.dag.
# Needs: `config`. Gives: `config` (completed), `options`, `code`, `results`, `scaled`, and what a
# run is trained and compared on: `dataset_of`, `baselines_of`, `teacher_of`, `encoder_of`.

from shlex import quote

from cosmodag.dag import common as helpers
from cosmodag.errors import InputError

try:
    config = helpers.checked(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

results = config["results"]
# The configuration as options of the command line.
options = helpers.command_options(config)
# The fingerprint of the modules behind a command.
code = helpers.code
# A resource that grows with the attempt.
scaled = helpers.scaled

# Jobs find the package in this checkout, in whatever environment they run.
shell.prefix(f"export PYTHONPATH={quote(str(helpers.PACKAGE_FOLDER))}; ")


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
