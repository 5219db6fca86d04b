"""Why jobs are planned: which modules, data files, settings or inputs changed since the last run.

Snakemake's plan says which parameters of a job differ. Parameters that are fingerprints of code are
resolved here into the modules and data files that differ, and settings into single options.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cosmodag import source_cache
from cosmodag.dag.job_start import PACKAGE_FOLDER
from cosmodag.errors import InputError

FOLDER = Path(".snakemake/cosmodag")
"""Where the workflow keeps the parts of its fingerprints, in its working directory."""
FOLLOWS = "Input files updated by another job"
PARAMETERS = "Params have changed since last execution"
_FINGERPRINT = re.compile(r"\b[0-9a-f]{16}\b")


class PlannedJob(NamedTuple):
    """A job of a plan: its rule, its wildcards as text, and Snakemake's reason."""

    rule: str
    wildcards: str
    reason: str


def plan(words: Sequence[str]) -> list[PlannedJob]:
    """Return the jobs that Snakemake plans in the working directory.

    Parameters
    ----------
    words : sequence of str
        Targets and options of Snakemake.

    Raises
    ------
    InputError
        If Snakemake cannot plan; the message is the last thing that it printed.
    """
    given = {"-s", "--snakefile"} & {word.split("=")[0] for word in words}
    here = any(Path(path).is_file() for path in ("Snakefile", "workflow/Snakefile"))
    snakefile = [] if given or here else ["--snakefile", str(PACKAGE_FOLDER / "Snakefile")]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", *snakefile, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise InputError(f"snakemake cannot plan: {lines[-1] if lines else 'it printed nothing'}")
    return read_plan(done.stdout)


def read_plan(text: str) -> list[PlannedJob]:
    """Return the jobs in what a dry run of Snakemake printed."""
    jobs = []
    for block in re.split(r"\n(?=(?:local)?(?:rule|checkpoint) \w+:\n)", text)[1:]:
        rule = re.match(r"\w+ (\w+):", block)
        fields = dict(re.findall(r"^    (\w+): (.*)$", block, re.M))
        if rule and "reason" in fields:
            jobs.append(PlannedJob(rule[1], fields.get("wildcards", ""), fields["reason"]))
    return jobs


def explain(jobs: Iterable[PlannedJob], folder: Path = FOLDER) -> list[str]:
    """Return one line for each cause of a plan, and one for what only follows from them.

    Parameters
    ----------
    jobs : iterable of PlannedJob
    folder : pathlib.Path
        Folder of the parts of fingerprints.
    """
    causes: dict[tuple[str, str], list[str]] = {}
    following: dict[str, int] = {}
    for job in jobs:
        found = [text for part in _parts(job.reason) for text in _explained(part, folder)]
        if not found:
            following[job.rule] = following.get(job.rule, 0) + 1
        for text in found:
            causes.setdefault((job.rule, text), []).append(job.wildcards)
    lines = [f"{rule}{_which(where)}: {text}" for (rule, text), where in causes.items()]
    if following:
        lines.append(f"what follows: {', '.join(following)}")
    return lines


def _which(wildcards: list[str]) -> str:
    if len(wildcards) > 1:
        return f" ({len(wildcards)} jobs)"
    return f" ({wildcards[0]})" if wildcards[0] else ""


def _parts(reason: str) -> list[str]:
    """Return the parts of a reason; parameters, which come last but one, may contain semicolons."""
    before, found, after = reason.partition(PARAMETERS)
    parts = [part.strip() for part in before.split("; ")]
    return [part for part in [*parts, found + after] if part]


def _explained(part: str, folder: Path) -> list[str]:
    if part.startswith(FOLLOWS):
        return []
    if not part.startswith(PARAMETERS):
        return [part[0].lower() + part[1:]]
    match = re.search(r"before: (.*?) now: (.*)$", part)
    if match is None:
        return [part]
    before, now = (_values(text) for text in match.groups())
    found = changed_code(before, now, folder) + changed_options(before, now)
    return found or [f"parameters {match[1].strip()} became {match[2].strip()}"]


def _values(text: str) -> list[str]:
    """Return the texts in parameters as Snakemake prints them."""
    text = text.partition("; Software environment")[0].strip()
    try:
        found = ast.literal_eval(f"[{text}]")
    except (SyntaxError, ValueError):
        return []
    return [str(value) for value in found]


def changed_code(before: Sequence[str], now: Sequence[str], folder: Path) -> list[str]:
    """Return what changed in code, from parameters that contain fingerprints.

    Parameters
    ----------
    before, now : sequence of str
        The parameters that differ.
    folder : pathlib.Path
        Folder of the parts of fingerprints.
    """
    old, new = (set(_FINGERPRINT.findall(" ".join(values))) for values in (before, now))
    old, new = old - new, new - old
    if not old and not new:
        return []
    parts: list[dict[str, str]] = []
    for fingerprints in (old, new):
        known = [source_cache.hashes_of(each, folder) for each in sorted(fingerprints)]
        if None in known:
            return ["code changed; what it was made of is not recorded in this folder"]
        parts.append({name: code for each in known if each for name, code in each.items()})
    first, last = parts
    edited = [name for name in sorted(first.keys() & last.keys()) if first[name] != last[name]]
    return [
        *(f"{_kind(name)} {name} changed" for name in edited),
        *(f"{_kind(name)} {name} is used now" for name in sorted(last.keys() - first.keys())),
        *(f"{_kind(name)} {name} is no longer used" for name in sorted(first.keys() - last.keys())),
    ]


def _kind(name: str) -> str:
    return "data file" if "/" in name or not name.startswith("cosmodag") else "module"


def changed_options(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the options of commands that changed.

    Parameters
    ----------
    before, now : sequence of str
        The parameters that differ.
    """
    old, new = ({k: v for text in texts for k, v in _options(text)} for texts in (before, now))
    return [
        f"{name} was {old.get(name, 'absent')}, is {new.get(name, 'absent')}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _options(text: str) -> Iterable[tuple[str, str]]:
    """Yield the options in words for a shell, with their values."""
    if not text.startswith("--"):
        return
    words = shlex.split(text)
    for word, value in zip(words, [*words[1:], "--"]):
        if word.startswith("--"):
            yield word, "set" if value.startswith("--") else value
