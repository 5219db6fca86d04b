"""``cosmodag config``."""

from pathlib import Path

import click
import yaml

from cosmodag import settings
from cosmodag.errors import InputError


@click.command(epilog="Example: cosmodag config config/config.yaml")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(path):
    """Check a configuration and print it with every default filled in."""
    try:
        config = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    click.echo(yaml.safe_dump(settings.complete(config or {}), sort_keys=False), nl=False)
