"""``cosmodag config``."""

import json
from pathlib import Path

import click
import yaml

from cosmodag import schema_reference, settings
from cosmodag.commands.stage import stage
from cosmodag.dag.config_files import complete_config
from cosmodag.yaml_files import YamlFile


@stage(epilog="Example: cosmodag config config/config.yaml")
@click.argument(
    "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of configurations instead.")
@click.option("--reference", is_flag=True, help="Print a description of all keys in Markdown.")
def command(path, schema, reference):
    """Check a configuration and print it with all defaults."""
    if reference:
        click.echo(schema_reference.reference(), nl=False)
        return
    if schema:
        click.echo(json.dumps(settings.schema(), indent=1, ensure_ascii=False))
    elif path is None:
        raise click.UsageError("Missing argument 'PATH'.")
    else:
        config = complete_config(YamlFile(path).data or {}, [path])
        click.echo(yaml.safe_dump(config, sort_keys=False), nl=False)
