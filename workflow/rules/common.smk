# What every rule file uses: the checked configuration, and helpers that are tested in the package.
# Needs: `config`. Gives: `config` (completed), `options`, `code`, `results`, `scaled`.

from shlex import quote

from cosmodag.dag import common as helpers

config = helpers.checked(config)
results = config["results"]
options = helpers.command_options(
    config
)  # the configuration as options of the command line
code = helpers.code  # fingerprint of the modules behind a command
scaled = helpers.scaled  # a resource that grows with the attempt

# Jobs find the package in this checkout, in whatever environment they run.
shell.prefix(f"export PYTHONPATH={quote(str(helpers.PACKAGE_FOLDER))}; ")


wildcard_constraints:
    experiment="[a-z]+",
    source="[A-Za-z0-9_-]+",
    batch="[0-9]+",
