"""What the rules know of the configuration: options of commands, code behind them, resources.

Read by the Snakefile, so it imports nothing heavy.
"""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cosmodag import experiments, provenance, settings
from cosmodag.dag import config_files

PACKAGE_FOLDER = Path(__file__).resolve().parents[2]


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
    """Return the configuration with every entry of a section written as command-line options.

    Parameters
    ----------
    config : mapping
        The completed configuration.

    Returns
    -------
    dict
        ``{experiment: {section: {name: options}}}`` to be used with Snakemake's `lookup`, so that
        a changed key reruns the rules that read its entry and no others. Keys that name other
        entries or that only shape the DAG (``x-names`` and ``x-rule`` in the schema) are left
        out: they reach a rule as its inputs and wildcards.
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


def options(values: Mapping) -> str:
    """Write settings as quoted command-line options, ``--box-size 192 --axes '[0, 1]'``.

    Empty strings and None are left out; a boolean becomes ``--key`` or ``--no-key``.
    """
    words: list[str] = []
    for key, value in values.items():
        flag = key.replace("_", "-")
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", value if isinstance(value, str) else _json(value)]
    return " ".join(shlex.quote(word) for word in words)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def code(command: str, *modules: str) -> str:
    """Return the fingerprint of a command, "train" or "voids grid", and of further modules.

    Those are modules that the command imports by a name that the configuration gives.
    """
    *experiment, name = command.split()
    return provenance.fingerprint(".".join(["cosmodag", *experiment, "commands", name]), *modules)


def run_code(config: Mapping, command: str, experiment: str, run: str) -> str:
    """Return the fingerprint of a command together with that of the networks a run consists of."""
    runs = config[experiment]["runs"]
    parts = [run, *filter(None, [runs[run].get("encoder")])]
    return code(command, *(f"cosmodag.models.{runs[part]['model']['name']}" for part in parts))


def evaluation_modules(config: Mapping, experiment: str, run: str) -> list[str]:
    """Return the module with an experiment's own evaluation of a run's task, if it has one."""
    task = experiments.find(experiment).tasks.get(config[experiment]["runs"][run]["task"]["name"])
    return [task.evaluation.partition(":")[0]] if task is not None and task.evaluation else []


def target_run(config: Mapping, experiment: str, dataset: str, name: str) -> str:
    """Return the first run on a dataset that is scored on a target, see `target`."""
    for run, entry in config[experiment]["runs"].items():
        same = first_dataset(config, experiment, entry["dataset"]) == dataset
        if same and target(config, experiment, run) == name:
            return run
    raise KeyError(f"no run of {experiment} on {dataset} is scored on {name}")


def target(config: Mapping, experiment: str, run: str) -> str:
    """Return a name for what a run is scored on; runs that share it share baselines."""
    entry = config[experiment]["runs"][run]
    task = entry["task"]
    columns = task.get("columns") or [task[key] for key in ("column",) if key in task]
    parts = [entry.get("truth") or task.get("channel") or "-".join(columns)]
    if task["name"] in ("reconstruction", "matching", "latent"):
        extra = (task[key] for key in ("size", "candidates") if key in task)
        parts = [task["name"], *filter(None, parts), *map(str, extra)]
    if task["name"] == "latent":  # scored as the network sees its input
        parts.append(entry["transform"])
    if task.get("threshold", 0.5) != 0.5:
        parts.append(f"{task['threshold']}")
    if "noise" in entry:  # simple methods see what the network sees
        noise = entry["noise"]
        parts += ["noise", f"{noise['rms']:g}", f"{noise['beam']:g}"]
    for name, bounds in sorted(entry.get("baselines", {}).items()):
        parts += [name, *(f"{value}" for _, value in sorted(bounds.items()))]
    return "-".join(parts)


def first_dataset(config: Mapping, experiment: str, dataset: str) -> str:
    """Return the dataset that teachers' datasets go back to: its examples and splits are theirs."""
    entry = config[experiment]["datasets"][dataset]
    while "teacher" in entry:
        dataset = config[experiment]["runs"][entry["teacher"]]["dataset"]
        entry = config[experiment]["datasets"][dataset]
    return dataset


def target_options(config: Mapping, experiment: str, dataset: str, name: str) -> str:
    """Return the options that describe a target to the command that fits baselines."""
    entry = config[experiment]["runs"][target_run(config, experiment, dataset, name)]
    keys = ["task", "truth", "noise"]
    keys += ["transform"] if entry["task"]["name"] == "latent" else []
    given = {key: entry.get(key) for key in keys}
    return options(given | {"settings": entry.get("baselines") or None})


def dataset_names(config: Mapping, experiment: str, origin: str) -> str:
    """Return the wildcard pattern of the datasets made from cutouts or by a teacher."""
    datasets = config.get(experiment, {}).get("datasets", {})
    return names_pattern(name for name, entry in datasets.items() if origin in entry)


def all_runs(config: Mapping) -> list[tuple[str, str]]:
    """Return the runs of all experiments as pairs of experiment and run."""
    return [
        (experiment, run)
        for experiment in experiments.names()
        if experiment in config
        for run in config[experiment]["runs"]
    ]


def names_pattern(names: Iterable[str]) -> str:
    """Return a pattern for a wildcard that takes just these names."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def scaled(amount: float | Callable, *, least: int = 1) -> Callable:
    """Return a resource that is `amount` at the first attempt and grows by as much at each more.

    Parameters
    ----------
    amount : number or callable
        The resource at the first attempt, or a function of the wildcards that gives it.
    least : int
        Smallest value of `amount`.
    """

    def resource(wildcards, attempt):
        value = amount(wildcards) if callable(amount) else amount
        return max(least, round(value)) * attempt

    return resource


def launch(wildcards, resources, threads) -> str:
    """Return what a command of one or several ranks is started by.

    The command takes the shell's place, so that a signal to a job reaches it. Ranks are started by
    the resource `mpi` of a profile, ``srun`` or ``mpiexec``, which is told their number: within a
    job of the Slurm executor it is known no more.
    """
    mpi = resources.get("mpi")
    if not mpi:
        return "exec"
    cores = f" --cpus-per-task={threads}" if mpi.split()[0] == "srun" else ""
    return f"exec {mpi} -n {resources.get('tasks') or 1}{cores}"


def stage_options(path: str, entry: Mapping, stage: str | None = None) -> str:
    """Write the settings of one stage out of an entry that two stages share, see `options`."""
    held = settings.stage_keys(path, stage)  # in the schema's order, whatever the configuration's
    return options({key: entry[key] for key, _ in held if key in entry})


def _entry_options(path: str, entry: Mapping) -> str:
    if settings.section(path).get("maxProperties") == 1:  # an entry of one kind out of several
        kind = next(iter(entry))
        return _entry_options(f"{path}/{kind}", entry[kind])
    return stage_options(path, entry)
