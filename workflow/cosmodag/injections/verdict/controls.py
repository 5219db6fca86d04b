"""Verdict on a two-sample test by its controls.

The injections of a positive control have a known flaw, which the test must detect. Those of the
negative control follow the distribution of the real galaxies: the test must not distinguish the
classes, and with the network of this run frozen it must reject permuted labels at the nominal rate.
If a control fails, the test is invalid.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmodag.datasets.folder import read_index
from cosmodag.errors import InputError
from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing, figure_files
from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.position_probe import LEAKING
from cosmodag.evaluation.runs import Run, read_run
from cosmodag.injections.verdict.label_permutation import permutation_control
from cosmodag.injections.verdict.two_sample import EQUIVALENCE_LIMIT, format_p_value
from cosmodag.json_files import write_json

DETECTION_LEVEL = 1e-3
"""P-value below which a flaw counts as detected."""
INVALID = "invalid"
TEST, POSITIVE, NEGATIVE = "test", "positive control", "negative control"


def judge_by_controls(
    run: str | os.PathLike,
    positive_controls: Sequence[str | os.PathLike],
    negative_control: str | os.PathLike,
    dataset: str | os.PathLike,
    output: str | os.PathLike,
    *,
    figure: str | os.PathLike | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Judge a two-sample test by its controls and write the verdict as JSON.

    Parameters
    ----------
    run : path
        Folder of the evaluated run of the test.
    positive_controls : sequence of path
        Folders of evaluated runs on injections with known flaws.
    negative_control : path
        Folder of the evaluated run on injections without flaw.
    dataset : path
        Folder of the dataset of the negative control.
    output : path
        File to write.
    figure : path, optional
        SVG figure of the controls to write.
    threads : int, optional
        Number of threads; all by default.

    Returns
    -------
    dict
        `outcome` (that of the run, or "invalid"), `sentence`, `failures`, `tests` (one row per run)
        and `null` (see `cosmodag.injections.verdict.label_permutation.permutation_test`).

    Raises
    ------
    InputError
        If a run has no two-sample test.
    """
    main, negative = read_run(run), read_run(negative_control)
    tests = [
        _test_row(main, TEST),
        *(_test_row(read_run(folder), POSITIVE) for folder in positive_controls),
        _test_row(negative, NEGATIVE),
    ]
    index = {split: read_index(dataset, split) for split in ("valid", "test")}
    column = negative.description["task"]["column"]
    null = permutation_control(negative_control, dataset, index, column, threads=threads)
    failures = control_failures(tests, null)
    sentence = main.metrics["verdict"]
    if failures:
        sentence = f"Void: {'; '.join(failures)}. Result of the test itself: {sentence}"
    verdict = {
        "experiment": main.metrics["experiment"],
        "run": main.metrics["run"],
        "outcome": INVALID if failures else main.metrics["outcome"],
        "sentence": sentence,
        "failures": failures,
        "tests": tests,
        "null": null,
    }
    if figure is not None:
        draw_controls(figure, tests)
    drawn = [] if figure is None else figure_files(figure)
    runs = [run, *positive_controls, negative_control]
    inputs = [*(Path(folder) / "metrics.json" for folder in runs), Path(dataset) / "dataset.json"]
    write_json(output, verdict, inputs=inputs, files=drawn)
    return verdict


def control_failures(tests: Sequence[Mapping[str, Any]], null: Mapping[str, Any]) -> list[str]:
    """Return a clause on each control that failed.

    Parameters
    ----------
    tests : sequence of mapping
        `run`, `kind`, `auc` (an interval), `p_value` and optionally `outcome` of each test.
    null : mapping
        Result of the permutation test.

    Returns
    -------
    list of str
    """
    failures = []
    for test in tests:
        run, p_value = test["run"], test["p_value"]
        detected = p_value is not None and p_value < DETECTION_LEVEL
        high = test["auc"]["high"]
        reversed_scores = high is not None and high < 0.5
        if test["kind"] == POSITIVE and not detected:
            failures.append(f"the flaw of {run} was not detected ({format_p_value(p_value)})")
        if test["kind"] == NEGATIVE and reversed_scores:
            failures.append(
                f"the scores of {run}, which has no flaw, are reversed in the test groups (AUC ≤ "
                f"{number(high)})"
            )
        if test["kind"] == NEGATIVE and detected:
            failures.append(
                f"the classes of {run}, which has no flaw, were distinguished "
                f"({format_p_value(p_value)})"
            )
        if test.get("outcome") == LEAKING:
            failures.append(f"positions or names give the classes of {run} away")
    if not null["holds"]:
        failures.append(
            f"{null['rejected']:.1%} of {null['relabellings']} label permutations were rejected at "
            "the 5 % level"
        )
    return failures


def draw_controls(path: str | os.PathLike, tests: Sequence[Mapping[str, Any]]) -> None:
    """Draw the AUC of a test and of its controls, with intervals.

    Parameters
    ----------
    path : path
        SVG file to write.
    tests : sequence of mapping
        Rows of a verdict.
    """
    inks = {TEST: NETWORK, POSITIVE: WARM, NEGATIVE: QUIET}
    with drawing(path, 5.4, 0.5 + 0.32 * len(tests)) as figure:
        axes = figure.subplots()
        axes.axvspan(0.5, EQUIVALENCE_LIMIT, color=QUIET, alpha=0.15, lw=0)
        axes.axvline(0.5, color=QUIET, lw=0.8)
        for y, test in enumerate(reversed(tests)):
            auc, ink = test["auc"], inks[test["kind"]]
            if auc["low"] is not None:
                axes.plot([auc["low"], auc["high"]], [y] * 2, color=ink)
            axes.plot(auc["value"], y, "o", color=ink)
            axes.text(1.03, y, format_p_value(test["p_value"]), va="center", fontsize=7)
        axes.set_yticks(range(len(tests)), [test["run"] for test in reversed(tests)])
        axes.set(xlabel="area under the ROC curve", xlim=(min(0.45, axes.get_xlim()[0]), 1.01))


def _test_row(run: Run, kind: str) -> dict[str, Any]:
    """Return the row of a run in the table of tests."""
    test = run.metrics.get("two_sample")
    if test is None:
        raise InputError(f"{run.folder}: no two-sample test; its task must be classification")
    return {
        "run": run.metrics["run"],
        "kind": kind,
        "auc": run.metrics["scores"]["auc"],
        "p_value": test["p_value"],
        "smallest_effect": test["smallest_effect"],
        "outcome": run.metrics["outcome"],
        "note": run.metrics.get("note"),
    }
