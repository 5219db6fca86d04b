"""Checks of the section `injections` of a configuration before the first job."""

from collections.abc import Mapping

from cosmodag.dag.example_format import ExampleFormat
from cosmodag.injections.survey_checks import SIMULATED_BANDS, Keys, check_survey
from cosmodag.injections.transfer.transfer_checks import check_transfer
from cosmodag.schema_errors import ConfigError

FAULTLESS = ("unchanged", "blank")
"""Control experiments in which the classes do not differ."""
PIXEL = 0.262
"""Arcsec per pixel of simulated bricks."""
PASSING = 1.3
"""Real and injected objects that pass the default cuts, per emission-line galaxy of the sky."""


def check(section: dict, user_section: Mapping) -> None:
    """Check the selections, cutouts, verdicts, inference on new stamps and transfer functions.

    Parameters
    ----------
    section : dict
        The completed section.
    user_section : mapping
        The section as the user wrote it.

    Raises
    ------
    ConfigError
    """
    for name, selection in section["selections"].items():
        _check_selection(("injections", "selections", name), selection, section)
    for name, cutouts in section["cutouts"].items():
        _check_cutouts(("injections", "cutouts", name), cutouts, section)
    for name, verdict in section["verdicts"].items():
        _check_verdict(("injections", "verdicts", name), verdict, section)
    for name, entry in section["predictions"].items():
        keys = ("injections", "predictions", name)
        _check_task((*keys, "run"), entry["run"], section)
        dataset = section["datasets"][section["runs"][entry["run"]]["dataset"]]
        trained, new = (section["cutouts"][k] for k in (dataset["cutouts"], entry["cutouts"]))
        for key in ("side", "bands"):
            if trained[key] != new[key]:
                raise ConfigError(
                    (*keys, "cutouts"),
                    f"{key} of {entry['cutouts']!r} is {new[key]}, but the run {entry['run']!r} "
                    f"was trained on {trained[key]}",
                )
        if "control" in new:
            raise ConfigError(
                (*keys, "cutouts"),
                f"{entry['cutouts']!r} is a control experiment; give cutouts without `control`",
            )
    check_transfer(section)


def example_format(section: Mapping, name: str) -> ExampleFormat:
    """Return the format of the examples of an entry of `cutouts`.

    Parameters
    ----------
    section : mapping
        The completed section.
    name : str
        Name of the entry.

    Returns
    -------
    ExampleFormat
    """
    cutouts = section["cutouts"][name]
    ((kind, source),) = _source(section, cutouts).items()
    count = None
    if kind == "simulation":
        area = source["bricks"] * (source["size"] * PIXEL / 60) ** 2
        count = round(PASSING * source["density"] * area)
    return ExampleFormat(
        shape=(cutouts["side"],) * 2,
        channels=tuple(
            f"{band}_{quantity}" for band in cutouts["bands"] for quantity in ("image", "ivar")
        ),
        classes={"label": 2},
        groups={"simulation": source.get("bricks"), "image": 1}.get(kind),
        count=count,
    )


def _source(section: Mapping, cutouts: Mapping) -> Mapping:
    """Return the source of an entry of `cutouts`."""
    return section["sources"][section["selections"][cutouts["selection"]]["source"]]


def _check_selection(keys: Keys, selection: Mapping, section: Mapping) -> None:
    """Check the survey and the ranges of a selection."""
    check_survey(keys, selection, section)
    for key in ("g", "r", "z", "size"):
        if selection[key][0] > selection[key][1]:
            raise ConfigError(
                (*keys, key), f"{selection[key]} is no range; give [smallest, largest]"
            )


def _check_cutouts(keys: Keys, cutouts: Mapping, section: Mapping) -> None:
    """Check the bands and the side of stamps of simulated bricks."""
    simulation = _source(section, cutouts).get("simulation")
    if simulation is None:
        return
    for band in cutouts["bands"]:
        if band not in SIMULATED_BANDS:
            raise ConfigError(
                (*keys, "bands"), f"{band!r} is not simulated; known: {', '.join(SIMULATED_BANDS)}"
            )
    if cutouts["side"] > simulation["size"]:
        raise ConfigError(
            (*keys, "side"),
            f"{cutouts['side']} pixels do not fit into bricks of {simulation['size']} pixels",
        )


def _check_task(keys: Keys, run: str, section: Mapping) -> None:
    """Check that a run classifies injections."""
    task = section["runs"][run]["task"]
    if task["name"] != "classification" or task["column"] != "label":
        raise ConfigError(
            keys,
            f"the run {run!r} does not classify injections; give a run of the task classification "
            "with the column label",
        )


def _check_verdict(keys: Keys, verdict: Mapping, section: Mapping) -> None:
    """Check the runs of a verdict."""
    runs = [("run", verdict["run"]), ("negative_control", verdict["negative_control"])]
    runs += [("positive_controls", run) for run in verdict["positive_controls"]]
    for key, run in runs:
        _check_task((*keys, key), run, section)
        dataset = section["datasets"][section["runs"][run]["dataset"]]
        control = section["cutouts"][dataset["cutouts"]].get("control")
        faultless = control in FAULTLESS
        if control is not None and (key == "run" or faultless != (key == "negative_control")):
            kind = "a control without a fault" if faultless else "a control with a known fault"
            raise ConfigError(
                (*keys, key),
                f"the cutouts of {run!r} are {kind} (control: {control}); give another run",
            )
    for key in ("run", "negative_control"):
        if verdict[key] in verdict["positive_controls"]:
            raise ConfigError(
                (*keys, "positive_controls"),
                f"{verdict[key]!r} is also the run under {key}; remove it here",
            )
