# What every rule file uses: the checked configuration, and helpers that are tested in the package.
# Needs: `config`. Gives: `config` (completed), `options`, `code`, `results`, `scaled`.

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
