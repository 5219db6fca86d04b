"""Checks of a call of Snakemake: targets, and options that replace parts of a profile."""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cosmodag import experiments
from cosmodag.errors import InputError

MAPS = ("set-resources", "set-threads", "default-resources")
"""Keys of a profile that an option of the same name replaces as a whole."""
DEFAULT = "default-resources"


def check_targets(workflow, config: Mapping) -> None:
    """Refuse an experiment as a target if the configuration has no section of its name.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Workflow with all rules of this checkout.
    config : mapping
        The completed configuration.

    Raises
    ------
    InputError
        The message names the sections that there are.
    """
    # Snakemake knows its targets only after all rules.
    names = {workflow.modifier.modify_rulename(name): name for name in experiments.names()}
    for target in sorted(names.keys() & set(sys.argv[1:])):
        if names[target] not in config:
            there = ", ".join(name for name in experiments.names() if name in config)
            files = ", ".join(map(str, workflow.configfiles)) or "the configuration"
            raise InputError(
                f"{target}: {files} has no section {names[target]}, but {there or 'none'}: add the "
                "section, or give another --configfile"
            )


def check_command_line(workflow) -> None:
    """Warn of entries of a profile that options of the command line replace.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    """
    from snakemake.logging import logger

    if workflow.exec_mode != workflow.exec_mode.DEFAULT:
        return
    for option, entries in lost_entries(workflow).items():
        names = "; ".join(f"{name} ({', '.join(keys)})" for name, keys in entries.items())
        logger.warning(
            f"--{option} replaces this part of the profile as a whole, and these entries are lost: "
            f"{names}. Repeat them after the option, or edit the profile instead."
        )
    lost = lost_defaults()
    if lost:
        logger.warning(
            f"--workflow-profile replaces profiles/default with its {', '.join(lost)}: give the "
            "profile by --profile instead."
        )


def check_kinds(jobs: Iterable, workflow) -> None:
    """Refuse jobs that would run on another kind of node than the profile says.

    Parameters
    ----------
    jobs : iterable of snakemake.jobs.Job
        Jobs that are to run.
    workflow : snakemake.workflow.Workflow

    Raises
    ------
    InputError
        If an option of the command line replaced the entry of a rule that is to run.
    """
    lost = lost_entries(workflow)
    rules = {job.rule.name for job in jobs if not job.is_local}
    missing = sorted(rules & lost.get("set-resources", {}).keys())
    if missing:
        raise InputError(
            f"--set-resources replaced the profile's entries of {', '.join(missing)}, which would "
            "run on another kind of node: repeat them after the option, or edit the profile instead"
        )
    if rules and DEFAULT in lost:
        raise InputError(
            f"--{DEFAULT} replaced {', '.join(lost[DEFAULT][DEFAULT])} of the profile: repeat them "
            "after the option, or edit the profile instead"
        )


def lost_entries(workflow) -> dict[str, dict[str, list[str]]]:
    """Return what options of the command line removed from the profiles.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow

    Returns
    -------
    dict
        ``{option: {rule: [resource, …]}}``, without options that removed nothing.
    """
    given = {word.split("=")[0] for word in sys.argv}
    options = [key for key in MAPS if f"--{key}" in given]
    if not options:
        return {}
    settings = workflow.resource_settings
    defaults = getattr(settings.default_resources, "args", None) or []
    kept = {
        "set-resources": {r: set(amounts) for r, amounts in settings.overwrite_resources.items()},
        "set-threads": {rule: {"threads"} for rule in settings.overwrite_threads},
        DEFAULT: {DEFAULT: {text.partition("=")[0] for text in defaults}},
    }
    profile: dict[str, Sequence[str]] = {}
    for path in profiles():
        profile |= read_profile(path)
    found = {}
    for option in options:
        entries = _entries(option, profile.get(option, ()))
        lost = {
            name: sorted(keys - kept[option].get(name, set())) for name, keys in entries.items()
        }
        found[option] = {name: keys for name, keys in lost.items() if keys}
    return {option: entries for option, entries in found.items() if entries}


def lost_defaults() -> list[str]:
    """Return the keys of profiles/default that a profile given by --workflow-profile lacks."""
    words = _profile_words()
    if not words.workflow_profile:
        return []
    folder = Path(__file__).resolve().parents[3] / "profiles"
    given = _profile_file(words.workflow_profile, folder)
    kept = read_profile(given) if given else {}
    names = {word.split("=")[0].removeprefix("--") for word in sys.argv if word.startswith("--")}
    return sorted(read_profile(folder / "default" / "config.yaml").keys() - kept.keys() - names)


def profiles() -> list[Path]:
    """Return the files of the profiles that the command line names, those that win last."""
    words = _profile_words()
    named = words.profile or os.environ.get("SNAKEMAKE_PROFILE", "").split(",")
    files = [_profile_file(name, Path.cwd()) for name in named if name and name != "none"]
    if words.workflow_profile:
        folder = Path(__file__).resolve().parents[3] / "profiles"
        files.append(_profile_file(words.workflow_profile, folder))
    return [path for path in files if path is not None]


def read_profile(path: Path) -> dict[str, Sequence[str]]:
    """Return the content of a profile as Snakemake reads it."""
    from snakemake.profiles import ProfileConfigFileParser

    with open(path) as file:
        return dict(ProfileConfigFileParser().parse(file))


def _profile_words() -> argparse.Namespace:
    """Return the profiles that the command line names."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--profile", action="append")
    parser.add_argument("--workflow-profile")
    return parser.parse_known_args(sys.argv[1:])[0]


def _profile_file(name: str, folder: Path) -> Path | None:
    """Return the file of a profile, searched from where the command was called."""
    from snakemake.cli import get_profile_dir

    # Snakemake has changed to the folder of --directory by now.
    called = Path(os.environ.get("PWD") or Path.cwd())
    for candidate in (called / name, folder / name, Path(name)):
        if found := get_profile_dir(str(candidate)):
            return Path(found[1])
    return None


def _entries(option: str, texts: Sequence[str]) -> dict[str, set[str]]:
    """Return the keys that a profile sets, by rule."""
    entries: dict[str, set[str]] = {}
    for text in texts:
        place = text.partition("=")[0]
        rule, _, key = place.partition(":")
        if option == DEFAULT:
            rule, key = DEFAULT, place
        entries.setdefault(rule, set()).add(key or "threads")
    return entries
