"""The corpus of bad inputs, run through the command line.

Run it as ``python -m tests.faults.inputs [WORD [STEP]]``, where WORD selects cases by their names
and STEP takes every so many of them. Every case runs in a process of its own, forked from one that
has all modules, with a time limit.
"""

import collections
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.corpus import bricks, catalogues, configurations, cubes, runs, stamps
from tests.faults.corpus.case import Case, last_given

LIMIT = 30.0
"""Seconds after which a case counts as a hang."""
VERDICTS = ("as expected", "not named in one line", "traceback", "accepted", "hang")
REQUIRED = 0.98
"""Fraction of the cases that must be as expected."""
CURES = (
    *("give", "set ", "copy", "choose", "change", "remove", "correct", "repair", "rename", "add"),
    *("use ", "convert", "leave", "fetch", "did you mean", "known:", "perhaps", "keep", "save"),
    *("check", "restore", "replace", "decompress", "join", "needs", "allowed", "train", "evaluate"),
    *("mask", "instead", "required", "simulate", "cut ", "split", "must", "write", "install"),
    *(
        "it has",
        "its datasets",
        "not between",
        "is not in the range",
        "not a valid",
        "invalid value",
    ),
    *(
        "takes",
        "list every",
        "filter the",
        "put it in",
        "such as",
        "select",
        "usage",
        "expected",
        "widen",
        "count from",
        "draw",
        "make both",
        "no such option",
        "missing",
    ),
)
"""Words of which a message that names the cure has one."""


class Result(NamedTuple):
    """What became of a case.

    Attributes
    ----------
    name : str
        Name of the case.
    verdict : str
        One of `VERDICTS`.
    printed : str
        What the command printed, or why the verdict was given.
    seconds : float
    """

    name: str
    verdict: str
    printed: str
    seconds: float

    @property
    def kind(self) -> str:
        """Kind of input."""
        return self.name.partition("/")[0]


def cases(word: str = "") -> list[Case]:
    """Return the cases whose name contains a word."""
    modules = (catalogues, stamps, bricks, cubes, configurations, runs)
    found = [case for module in modules for case in module.cases()]
    names = collections.Counter(case.name for case in found)
    assert max(names.values()) == 1, names.most_common(3)
    return [case for case in found if word in case.name]


def run(selected: Sequence[Case], *, workers: int = 2, limit: float = LIMIT) -> list[Result]:
    """Run cases, each in a process of its own."""
    import_all()
    if any(case.kind == "bricks" for case in selected):
        bricks.prepared()
    waiting, running, results = list(selected), [], {}
    while waiting or running:
        while waiting and len(running) < workers:
            running.append(_Attempt(waiting.pop(0), limit))
        time.sleep(0.002)
        for attempt in [attempt for attempt in running if attempt.ended()]:
            running.remove(attempt)
            results[attempt.case.name] = attempt.result()
    return [results[case.name] for case in selected]


def import_all() -> None:
    """Import the modules of all commands, so that forked processes have them."""
    import importlib

    from cosmodag import experiments
    from cosmodag.commands import main

    for name in main.STAGES:
        importlib.import_module(f"cosmodag.commands.{name}")
    for experiment in map(experiments.find, experiments.names()):
        for stage in experiment.stages:
            importlib.import_module(f"cosmodag.{experiment.name}.commands.{stage}")
    for module in (
        "cosmodag.voids.catalogues.galaxy_catalogue",
        "cosmodag.galaxies.cutouts.galaxy_stamps",
        "cosmodag.galaxies.stamps.stamp_filter",
        "cosmodag.injections.selection.survey_selection",
        "cosmodag.injections.cutouts.brick_stamps",
        "cosmodag.reionization.cubes.cube_folder",
        "cosmodag.dag.config_files",
        "pandas",
        "pyarrow.parquet",
        "astropy.io.fits",
        "torch",
    ):
        importlib.import_module(module)


class _Attempt:
    """A case that runs in a forked process."""

    def __init__(self, case: Case, limit: float):
        self.case, self.start = case, time.monotonic()
        self._until, self._status = self.start + limit, None
        self._place = tempfile.TemporaryDirectory(prefix="badinput")
        self._folder, self._log = Path(self._place.name) / "case", Path(self._place.name) / "log"
        self._folder.mkdir()
        self._process = os.fork()
        if not self._process:
            _child(case, self._folder, self._log)

    def ended(self) -> bool:
        """Return whether the process has ended; kill it at the time limit."""
        ended, status = os.waitpid(self._process, os.WNOHANG)
        if ended:
            self._status = os.waitstatus_to_exitcode(status)
            return True
        if time.monotonic() < self._until:
            return False
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        return True

    def result(self) -> Result:
        """Judge what the process did, and remove its files."""
        printed = self._log.read_text(errors="replace") if self._log.exists() else ""
        before = Path(f"{self._log}.before")
        files = before.read_text().splitlines() if before.exists() else None
        verdict, reason = _judge(self.case, self._folder, self._status, printed, files)
        seconds = time.monotonic() - self.start
        self._place.cleanup()
        return Result(self.case.name, verdict, reason, seconds)


def _child(case: Case, folder: Path, log: Path) -> None:
    """Run a case in the forked process, which ends here."""
    code = 120
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        import logging

        logging.getLogger().handlers.clear()
        words = last_given(case.make(folder))
        (folder / "out").mkdir(exist_ok=True)
        Path(f"{log}.before").write_text("\n".join(map(ascii, _files(folder))))
        from cosmodag.commands.main import main

        code = 121
        main.main(words, prog_name="cosmodag")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _files(folder: Path) -> list[str]:
    """Return the paths of all files in a folder, except finished work for a restart."""
    scratch = folder / "scratch"
    return sorted(str(path) for path in folder.rglob("*") if scratch not in (path, *path.parents))


def _judge(
    case: Case,
    folder: Path,
    status: int | None,
    printed: str,
    before: Sequence[str] | None,
) -> tuple[str, str]:
    """Return the verdict on a case, with the reason."""
    if status is None:
        return "hang", printed
    if status == 120 or before is None:
        return "traceback", f"the input was not written: {printed}"
    if status < 0 or status in (1, 121) or "Traceback" in printed:
        return "traceback", f"status {status}: {printed}"
    lines = printed.strip().splitlines()
    last = lines[-1] if lines else ""
    if status == 0:
        if case.listed is None:
            return "accepted", printed
        try:
            case.listed(folder)
        except Exception as error:
            return "accepted", f"not listed or not left out: {type(error).__name__} {error}"
        return "as expected", ""
    if case.listed is not None:
        return "not named in one line", f"refused as a whole: {last}"
    if status != 2 or not last.startswith("Error: "):
        return "not named in one line", f"status {status}: {printed}"
    if absent := [word for word in case.words if word not in last]:
        return "not named in one line", f"{absent[0]!r} is not in: {last}"
    if not any(cure in last.lower() for cure in CURES):
        return "not named in one line", f"no cure in: {last}"
    left = set(map(ascii, _files(folder))) - set(before)
    if left:
        return "not named in one line", f"left {sorted(left)[0]}: {last}"
    return "as expected", last


def table(results: Sequence[Result]) -> str:
    """Return a table of the verdicts by kind of input."""
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        counts[result.kind][result.verdict] += 1
    rows = [*counts.items(), ("all", sum(counts.values(), collections.Counter()))]
    lines = [f"{'kind':<16}{'number':>8}" + "".join(f"{verdict:>24}" for verdict in VERDICTS)]
    for kind, count in rows:
        numbers = "".join(f"{count[verdict]:>24}" for verdict in VERDICTS)
        lines.append(f"{kind:<16}{sum(count.values()):>8}{numbers}")
    return "\n".join(lines)


def acceptable(results: Sequence[Result]) -> bool:
    """Return whether a run of the corpus is good enough.

    No input may be accepted, hang or give a traceback, and nearly all must be as expected.
    """
    counts = collections.Counter(result.verdict for result in results)
    named = counts["as expected"] >= REQUIRED * len(results)
    return named and not counts["traceback"] + counts["accepted"] + counts["hang"]


def main(word: str = "", step: str = "1") -> int:
    """Run the corpus, print what is not as expected and the table; return the exit status."""
    start = time.monotonic()
    results = run(cases(word)[:: int(step)])
    for result in results:
        if result.verdict != "as expected":
            print(f"{result.verdict}: {result.name}: {result.printed.strip()[-600:]}")
    print(table(results))
    print(f"{len(results)} bad inputs in {time.monotonic() - start:.0f} s")
    return 0 if acceptable(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
