"""Parameters and resources of rules: command-line options, code fingerprints, memory, launchers.

The Snakefile imports this module, which therefore imports nothing heavy.
"""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from cosmodag import experiments, provenance, settings
from cosmodag.dag import config_files
from cosmodag.dag.job_start import signed

LONGEST_TARGET = 80
"""Characters of the name of a target; with those of its dataset it becomes the name of a file."""

DRAWS = "noise_draws"
"""Setting that is of all baselines, not of one."""


def checked(config: Mapping, files: Sequence[str | os.PathLike] = ()) -> dict:
    """Return the configuration checked and completed, with paths that can be opened.

    Parameters
    ----------
    config : mapping
        The configuration, merged from all files and the command line.
    files : sequence of path
        The files that it was read from, for messages.

    Raises
    ------
    InputError
        As `cosmodag.dag.config_files.complete_config`, or if a path contains a variable of the
        environment that is not set.
    """
    complete = config_files.complete_config(config, files)
    config_files.check_variables(complete, files)
    return complete


def command_options(config: Mapping) -> dict:
    """Format every entry of the experiments' sections as command-line options.

    Parameters
    ----------
    config : mapping
        The completed configuration.

    Returns
    -------
    dict
        ``{experiment: {section: {name: options}}}`` for Snakemake's `lookup`: a changed key reruns
        only the rules that read its entry. Keys that name other entries or files, or only shape the
        DAG (``x-names``, ``x-input`` and ``x-rule`` in the schema) are omitted, since they reach a
        rule as its inputs and wildcards.
    """
    return {
        experiment: {
            section: {
                name: _entry_options(f"{experiment}/{section}/*", entry)
                for name, entry in entries.items()
            }
            for section, entries in config[experiment].items()
        }
        for experiment in experiments.names()
        if experiment in config
    }


def format_options(values: Mapping) -> str:
    """Format settings as quoted command-line options.

    Parameters
    ----------
    values : mapping from str to object
        Settings. Empty strings and None are omitted, a boolean becomes ``--key`` or ``--no-key``,
        and values that are not text are written as JSON.

    Returns
    -------
    str
        Words for a shell.

    Examples
    --------
    >>> format_options({"box_size": 192, "axes": [0, 1], "periodic": False, "truth": None})
    "--box-size 192 --axes '[0, 1]' --no-periodic"
    """
    words: list[str] = []
    for key, value in values.items():
        flag = key.replace("_", "-")
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [
                f"--{flag}",
                value if isinstance(value, str) else json.dumps(value, sort_keys=True),
            ]
    return " ".join(shlex.quote(word) for word in words)


def file_options(files: Mapping[str, Iterable[str]]) -> str:
    """Format a job's files as quoted command-line options, one for each file.

    Parameters
    ----------
    files : mapping from str to iterable of str
        Paths by option: the ``input`` of a job, which Snakemake adapts to where the job runs, or a
        part of it.

    Returns
    -------
    str
        Words for a shell.

    Examples
    --------
    >>> file_options({"galaxies": ["a.h5"], "pilots_matter": ["b.h5", "c d.h5"]})
    "--galaxies=a.h5 --pilots-matter=b.h5 '--pilots-matter=c d.h5'"
    """
    return " ".join(
        shlex.quote(f"--{key.replace('_', '-')}={path}")
        for key, paths in files.items()
        for path in paths
    )


def command_fingerprint(command: str, *modules: str) -> str:
    """Return the fingerprint of a command's code.

    Parameters
    ----------
    command : str
        Command such as ``train``, or an experiment and its command.
    *modules : str
        Modules that the command imports by names in the configuration.

    Returns
    -------
    str
        Hash of the source of the command and of all modules that it imports.
    """
    *experiment, name = command.split()
    return provenance.fingerprint(".".join(["cosmodag", *experiment, "commands", name]), *modules)


def run_fingerprint(config: Mapping, command: str, experiment: str, run: str) -> str:
    """Return the fingerprint of a command together with that of a run's networks.

    Parameters
    ----------
    config : mapping
        The completed configuration.
    command : str
        Command as in `command_fingerprint`.
    experiment, run : str
        The run, whose encoder counts as well.
    """
    runs = config[experiment]["runs"]
    names = [run, *filter(None, [runs[run].get("encoder")])]
    networks = (f"cosmodag.models.{runs[name]['model']['name']}" for name in names)
    return command_fingerprint(command, *networks)


def declaration(experiment: str) -> str:
    """Return the fingerprint of what an experiment declares: titles, tasks, scores and wording."""
    return provenance.declaration_fingerprint(f"cosmodag.{experiment}.experiment")


def evaluation_modules(config: Mapping, experiment: str, run: str) -> list[str]:
    """Return the module of an experiment's own evaluation of a run's task, in a list.

    The list is empty if the task's general evaluation applies.
    """
    task = experiments.find(experiment).tasks.get(config[experiment]["runs"][run]["task"]["name"])
    return [task.evaluation.partition(":")[0]] if task is not None and task.evaluation else []


def target_run(config: Mapping, experiment: str, dataset: str, target: str) -> str:
    """Return the first run on a dataset that is evaluated on a target, see `target_name`.

    Raises
    ------
    KeyError
        If there is none.
    """
    for run, entry in config[experiment]["runs"].items():
        if (
            original_dataset(config, experiment, entry["dataset"]) == dataset
            and target_name(config, experiment, run) == target
        ):
            return run
    raise KeyError(f"no run of {experiment} on {dataset} is evaluated on {target}")


def target_name(config: Mapping, experiment: str, run: str) -> str:
    """Return the name of the target that a run is evaluated on.

    Runs on the same dataset with the same target share their baselines. The name consists of the
    columns or the channel, followed by those settings of the task that change the baselines. A name
    that is long, or unfit for a file, is cut and ends in its hash.
    """
    entry = config[experiment]["runs"][run]
    task = entry["task"]
    columns = task.get("columns") or [task[key] for key in ("column",) if key in task]
    parts = [entry.get("truth") or task.get("channel") or "-".join(columns)]
    if task["name"] in ("reconstruction", "matching", "latent"):
        extra = (task[key] for key in ("latent_dim", "embedding_dim", "candidates") if key in task)
        parts = [task["name"], *filter(None, parts), *map(str, extra)]
    if task["name"] == "latent":  # evaluated on the network's transformed input
        parts.append(entry["transform"])
    if task.get("threshold", 0.5) != 0.5:
        parts.append(f"{task['threshold']}")
    if "noise" in entry:  # baselines see the same noise as the network
        rms, beam = entry["noise"]["rms"], entry["noise"]["beam"]
        values = [each for pair in rms for each in pair] if isinstance(rms, list) else [rms]
        parts += ["noise", *(f"{value:g}" for value in (*values, beam))]
    for name, setting in sorted(entry.get("baselines", {}).items()):
        values = [value for _, value in sorted(setting.items())] if name != DRAWS else [setting]
        parts += [name, *map(str, values)]
    name = "-".join(parts)
    plain = re.sub(r"[^\w.+-]+", "_", name)[:LONGEST_TARGET]
    return name if plain == name else f"{plain}-{provenance.value_hash(name)[:8]}"


def original_dataset(config: Mapping, experiment: str, dataset: str) -> str:
    """Return the dataset that a dataset was relabelled from, directly or not, or itself.

    Relabelled datasets have the examples and splits of the original one.
    """
    entry = config[experiment]["datasets"][dataset]
    while "teacher" in entry:
        dataset = config[experiment]["runs"][entry["teacher"]]["dataset"]
        entry = config[experiment]["datasets"][dataset]
    return dataset


def target_options(config: Mapping, experiment: str, dataset: str, target: str) -> str:
    """Return the options that describe a target to the command ``baselines``."""
    entry = config[experiment]["runs"][target_run(config, experiment, dataset, target)]
    keys = ["task", "truth", "noise"]
    keys += ["transform"] if entry["task"]["name"] == "latent" else []
    values = {key: entry.get(key) for key in keys}
    baselines = dict(entry.get("baselines", {}))
    values["noise_draws"] = baselines.pop(DRAWS, None)
    return format_options(values | {"settings": baselines or None})


def dataset_pattern(config: Mapping, experiment: str, origin: str) -> str:
    """Return a wildcard pattern for datasets by origin: ``cutouts`` or ``teacher``."""
    datasets = config.get(experiment, {}).get("datasets", {})
    return names_pattern(name for name, entry in datasets.items() if origin in entry)


def names_pattern(names: Iterable[str]) -> str:
    """Return a wildcard pattern that matches exactly these names."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def scaled(amount: float | Callable, *, least: int = 1) -> Callable:
    """Return a resource of a rule that is proportional to the attempt.

    Parameters
    ----------
    amount : float or callable
        The resource at the first attempt, or a function of the wildcards that returns it.
    least : int
        Lower limit of `amount`.

    Returns
    -------
    callable
        Function of the wildcards and the attempt, for ``resources`` of a rule.
    """

    def resource(wildcards, attempt: int) -> int:
        value = amount(wildcards) if callable(amount) else amount
        return max(least, round(value)) * attempt

    return signed(resource)


def stage_options(path: str, entry: Mapping, stage: str | None = None) -> str:
    """Format the settings of one command, from an entry that two commands may share.

    Parameters
    ----------
    path : str
        Section of the schema.
    entry : mapping
        Entry of the configuration.
    stage : str, optional
        Command, as in ``x-stage`` of the schema.
    """
    # In the schema's order, whatever the configuration's.
    keys = (key for key, part in settings.stage_keys(path, stage) if "x-input" not in part)
    return format_options({key: entry[key] for key in keys if key in entry})


def _entry_options(path: str, entry: Mapping) -> str:
    if settings.section(path).get("maxProperties") == 1:  # a single key: the kind of the entry
        kind = next(iter(entry))
        return _entry_options(f"{path}/{kind}", entry[kind])
    return stage_options(path, entry)
