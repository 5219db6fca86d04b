"""A configuration from its files to a checked one, with mistakes located in the files."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence

from cosmodag import experiments, schema_errors, settings
from cosmodag.dag import folder_checks, run_checks
from cosmodag.errors import InputError
from cosmodag.schema_errors import ConfigError
from cosmodag.yaml_files import YamlFile


def complete_config(config: Mapping, files: Sequence[str | os.PathLike] = ()) -> dict:
    """Check a configuration as a whole and fill in the defaults.

    Parameters
    ----------
    config : mapping
        The configuration, merged from all files and the command line.
    files : sequence of path
        The files that it was read from, for messages. Keys that are defined twice are refused.

    Returns
    -------
    dict
        The completed configuration.

    Raises
    ------
    InputError
        The message names the file and its line, the key, the value found and the values allowed.
    """
    read = [YamlFile(path) for path in files]
    if not isinstance(config, Mapping):
        where = f"{read[-1].path}: " if read else ""
        raise InputError(
            f"{where}{schema_errors.shown(config)} is no configuration; give a mapping of sections "
            f"such as {experiments.names()[0]}"
        )
    with _located(read):
        complete, as_given = settings.complete(config), settings.as_given(config)
        folder_checks.check(complete)
        for name in filter(complete.__contains__, experiments.names()):
            experiment = experiments.find(name)
            if experiment.check is not None:
                experiment.check(complete[name], as_given[name])
            if experiment.examples is not None:
                run_checks.check(complete[name], name, experiment.examples)
    return complete


def check_variables(config: Mapping, files: Sequence[str | os.PathLike] = ()) -> None:
    """Check that all variables of the environment in paths are set.

    Parameters
    ----------
    config : mapping
        The completed configuration.
    files : sequence of path
        The files that it was read from, for messages.

    Raises
    ------
    InputError
        If a variable is not set.
    """
    with _located([YamlFile(path) for path in files]):
        for keys, path in _paths(config):
            if "$" in os.path.expandvars(path):
                raise ConfigError(
                    keys, f"{path} names a variable of the environment that is not set"
                )


def _paths(entry: Mapping, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in entry.items():
        if isinstance(value, Mapping):
            yield from _paths(value, (*above, key))
        elif key == "path":
            for path in [value] if isinstance(value, str) else value:
                yield (*above, key), path


@contextlib.contextmanager
def _located(files: Sequence[YamlFile]) -> Iterator[None]:
    """Put the file and the line of a key before the message about it."""
    try:
        yield
    except ConfigError as error:
        places = [(*_place(file, error.keys), file.path) for file in files]
        depth, line, path = max(reversed(places), key=lambda place: place[0], default=(0, 0, ""))
        if not depth:
            raise
        raise InputError(f"{path}, line {line}: {error}") from None


def _place(file: YamlFile, keys: Sequence[str]) -> tuple[int, int]:
    """Return how many of the keys a file defines, and the line of the last of them."""
    place = file.locate(keys)
    if place[0] or not isinstance(file.data, Mapping):
        return place
    # Of a workflow that includes this one as a module, the configuration is one level deeper.
    deeper = [file.locate((str(key), *keys)) for key in file.data]
    return max(((depth - 1, line) for depth, line in deeper if depth > 1), default=(0, 0))
