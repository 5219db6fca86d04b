"""Checks of datasets and runs in all experiments: references, splits, tasks and training."""

from collections.abc import Callable, Mapping

from cosmodag import settings
from cosmodag.dag import network_checks
from cosmodag.dag.example_format import ExampleFormat
from cosmodag.schema_errors import ConfigError, nearest

Keys = tuple[str, ...]

CLASS = "_class"
"""Ending of columns of classes that represent values."""
NOISY = "brightness_temperature"
"""Channel to which thermal noise is added."""
LINEAR = ("none", "unit", "standardise")
"""Transforms that a reconstruction can be converted back from."""
LEAST_GROUPS = 3


def check(section: Mapping, experiment: str, examples: Callable) -> None:
    """Check the datasets and runs of an experiment.

    Parameters
    ----------
    section : mapping
        The completed section of the experiment.
    experiment : str
        Its name.
    examples : callable
        Returns the format of the examples of an entry of `cutouts`, see
        `cosmodag.experiments.Experiment`.

    Raises
    ------
    ConfigError
    """
    for name in section["datasets"]:
        _check_references(section, (experiment, "datasets", name))
    for name, run in section["runs"].items():
        _check_encoder(section, (experiment, "runs", name), run)
    formats = {}
    for name, dataset in section["datasets"].items():
        keys = (experiment, "datasets", name)
        _check_split(section, keys, dataset, examples)
        formats[name] = _format(section, experiment, name, examples)
    for name, run in section["runs"].items():
        keys = (experiment, "runs", name)
        example_format = formats[run["dataset"]]
        _check_task((*keys, "task"), run["task"], example_format)
        _check_input(keys, run, example_format)
        _check_training((*keys, "training"), run)
        encoder = section["runs"].get(run.get("encoder"))
        if encoder is not None and formats[encoder["dataset"]].channels != example_format.channels:
            raise ConfigError(
                (*keys, "encoder"),
                f"{run['encoder']!r} was trained on the channels "
                f"{', '.join(formats[encoder['dataset']].channels)}, but the dataset "
                f"{run['dataset']!r} has {', '.join(example_format.channels)}",
            )
        network_checks.check((*keys, "model"), run, example_format)


def _check_references(section: Mapping, keys: Keys) -> None:
    """Check that a chain of teachers ends at a dataset of cutouts and uses runs of maps."""
    visited = [keys[-1]]
    dataset = section["datasets"][keys[-1]]
    while "teacher" in dataset:
        run = section["runs"][dataset["teacher"]]
        if run["task"]["name"] != "map":
            raise ConfigError(
                (*keys, "teacher"),
                f"the task of the run {dataset['teacher']!r} is {run['task']['name']}; give a run "
                "of the task map",
            )
        if run["dataset"] in visited:
            chain = " → ".join([*visited, run["dataset"]])
            raise ConfigError(
                (*keys, "teacher"),
                f"the run {dataset['teacher']!r} is trained on a dataset that needs itself: "
                f"{chain}; give a run on a dataset of cutouts",
            )
        visited.append(run["dataset"])
        dataset = section["datasets"][run["dataset"]]


def _check_encoder(section: Mapping, keys: Keys, run: Mapping) -> None:
    if "encoder" not in run:
        return
    name = run["encoder"]
    encoder = section["runs"][name]
    if name == keys[-1]:
        raise ConfigError((*keys, "encoder"), f"{name!r} is this run itself; give another one")
    if encoder["task"]["name"] != "reconstruction" or "encoder" in encoder:
        raise ConfigError(
            (*keys, "encoder"),
            f"{name!r} trains no encoder; give a run of the task reconstruction",
        )
    if encoder["model"]["name"] == "waveencoder":
        raise ConfigError(
            (*keys, "encoder"), f"{name!r} has waves as latent, not an image; choose autoencoder"
        )


def _check_split(section: Mapping, keys: Keys, dataset: Mapping, examples: Callable) -> None:
    total = sum(dataset["fractions"])
    if abs(total - 1) > 1e-6:
        raise ConfigError(
            (*keys, "fractions"),
            f"{dataset['fractions']} sum to {total:g}; give three fractions that sum to 1",
        )
    if "teacher" in dataset:
        return
    example_format = examples(section, dataset["cutouts"])
    groups = example_format.groups
    if dataset["protocol"] == "group" and groups is not None and groups < LEAST_GROUPS:
        raise ConfigError(
            (*keys, "cutouts"),
            f"{dataset['cutouts']!r} has {groups} independent group{'s' * (groups > 1)}, but a "
            f"split needs at least {LEAST_GROUPS}; provide more data or divide it into regions, or "
            "set protocol: random",
        )
    if "test" in dataset:
        other = examples(section, dataset["test"])
        for what in ("channels", "shape", "target_channels", "classes"):
            ours, theirs = getattr(example_format, what), getattr(other, what)
            if ours != theirs:
                raise ConfigError(
                    (*keys, "test"),
                    f"{what.replace('_', ' ')} of {dataset['test']!r}, {_words(theirs)}, differ "
                    f"from those of {dataset['cutouts']!r}, {_words(ours)}",
                )


def _words(value) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} ({count})" for key, count in value.items()) or "none"
    return ", ".join(map(str, value)) or "none"


def _format(section: Mapping, experiment: str, name: str, examples: Callable) -> ExampleFormat:
    """Return the format of the examples of a dataset, with the labels that teachers add."""
    dataset = section["datasets"][name]
    if "teacher" not in dataset:
        return examples(section, dataset["cutouts"])
    run = section["runs"][dataset["teacher"]]
    taught = _format(section, experiment, run["dataset"], examples)
    union = f"union_{run['task']['channel']}"
    fields = vars(taught) | {"target_channels": (*taught.target_channels, union)}
    if taught.cubes:
        raise ConfigError(
            (experiment, "datasets", name, "teacher"),
            f"the dataset {run['dataset']!r} consists of cubes; self-training needs maps",
        )
    return ExampleFormat(**fields)


def _check_task(keys: Keys, task: Mapping, example_format: ExampleFormat) -> None:
    name = task["name"]
    if name == "map":
        _check_channel((*keys, "channel"), task["channel"], example_format)
        cube = len(example_format.target_shape) == 3
        if cube != (task.get("head", "map") == "cube"):
            wanted = "cube" if cube else "map"
            raise ConfigError(
                (*keys, "head"),
                f"{task.get('head', 'map')}, but the examples are {wanted}s; set head: {wanted}",
            )
    for key in ("columns", "column"):
        for column in [task[key]] if key == "column" and key in task else task.get(key, ()):
            _check_column((*keys, key), column, task, example_format)
    for channel in task.get("channels", ()):
        if channel not in example_format.channels:
            raise ConfigError(
                (*keys, "channels"),
                f"{channel!r} is not an input channel{nearest(channel, example_format.channels)}",
            )
    for column, (low, high) in task.get("ranges", {}).items():
        if column not in task["columns"]:
            raise ConfigError(
                (*keys, "ranges"), f"{column!r} is not a column{nearest(column, task['columns'])}"
            )
        if not low < high:
            raise ConfigError(
                (*keys, "ranges", column), f"[{low}, {high}] is no range; give [low, high]"
            )
    if name == "ordinal" and len(task.get("values", task["columns"])) != len(task["columns"]):
        raise ConfigError(
            (*keys, "values"),
            f"{len(task['values'])} lists for {len(task['columns'])} columns; give one per column",
        )


def _check_channel(keys: Keys, channel: str, example_format: ExampleFormat) -> None:
    if not example_format.target_channels:
        raise ConfigError(keys, f"{channel!r}: the examples of this dataset have no target map")
    known = example_format.target_channels
    if channel not in known:
        raise ConfigError(keys, f"{channel!r} is not a target channel{nearest(channel, known)}")


def _check_column(keys: Keys, column: str, task: Mapping, example_format: ExampleFormat) -> None:
    classes, columns = example_format.classes, example_format.columns
    if columns is not None and column not in {*columns, *classes}:
        raise ConfigError(keys, f"{column!r} is not a column{nearest(column, columns)}")
    if task["name"] == "ordinal" and "values" not in task and not column.endswith(CLASS):
        raise ConfigError(
            keys,
            f"{column!r} is not a column of classes"
            f"{nearest(column, [name for name in classes if name.endswith(CLASS)])}",
        )
    count = classes.get(column)
    if task["name"] in ("classification", "ordinal") and count is not None and count < 2:
        raise ConfigError(keys, f"{column!r} has only {count} class; select more values")
    if task["name"] == "classification":
        if "classes" in task and count is not None and task["classes"] != count:
            raise ConfigError(
                (*keys[:-1], "classes"), f"{task['classes']}, but {column!r} has {count} classes"
            )
        if not {"classes", "values"} & task.keys() and not column.endswith(CLASS):
            raise ConfigError(
                (*keys[:-1], "classes"), f"missing; give the number of classes of {column!r}"
            )


def _check_input(keys: Keys, run: Mapping, example_format: ExampleFormat) -> None:
    task, channels = run["task"]["name"], example_format.channels
    if "truth" in run:
        if task != "map":
            raise ConfigError((*keys, "truth"), f"the task {task} has no map; remove this key")
        _check_channel((*keys, "truth"), run["truth"], example_format)
    if "noise" in run and NOISY not in channels:
        raise ConfigError(
            (*keys, "noise"),
            f"the input has the channels {', '.join(channels)}; noise is added to {NOISY}",
        )
    rms = run.get("noise", {}).get("rms")
    if isinstance(rms, list) and sorted({each for each, _ in rms}) != [each for each, _ in rms]:
        raise ConfigError(
            (*keys, "noise", "rms"),
            "redshifts do not increase; sort the pairs of redshift and standard deviation",
        )
    paired = all(
        name.endswith("_ivar" if place % 2 else "_image") for place, name in enumerate(channels)
    )
    if run["transform"] == "noise" and not paired:
        raise ConfigError(
            (*keys, "transform"),
            f"noise needs pairs of image and inverse variance, but the channels are "
            f"{', '.join(channels)}",
        )
    if task == "reconstruction" and run["transform"] not in LINEAR:
        raise ConfigError(
            (*keys, "transform"),
            f"{run['transform']!r} is not allowed with the task reconstruction; give one of "
            f"{', '.join(LINEAR)}",
        )
    if run["augment"].startswith("periodic") and not example_format.periodic:
        raise ConfigError(
            (*keys, "augment"),
            "periodic shifts need slices or cubes of a whole periodic box; give one of none, "
            "symmetries",
        )


def _check_training(keys: Keys, run: Mapping) -> None:
    task = run["task"]
    part = settings.section(f"$defs/{task['name']}_task")
    scores = [
        score
        for score in part["x-scores"]
        if score != "auc" or len(task.get("values", range(task.get("classes", 0)))) == 2
    ]
    monitor = run["training"]["monitor"]
    if monitor not in ("loss", *scores):
        raise ConfigError(
            (*keys, "monitor"),
            f"{monitor!r} is not a score of the task {task['name']}"
            f"{nearest(monitor, ['loss', *scores])}",
        )
