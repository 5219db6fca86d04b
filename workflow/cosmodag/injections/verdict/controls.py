"""A two-sample test judged by its controls: what cannot see known faults says nothing.

Each control is a run of the same kind whose injections are wrong in a known way; it must tell the
classes apart. One more control injects galaxies of the very law of the real ones; it must not, and
with its frozen network relabelled objects must be rejected as seldom as chance demands.
"""

import os
from collections.abc import Mapping, Sequence

from cosmodag.datasets.folder import read_index
from cosmodag.errors import InputError
from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.runs import Run, read_run
from cosmodag.files import write_json
from cosmodag.injections.verdict.label_permutation import null_control
from cosmodag.injections.verdict.two_sample import EQUIVALENT, p_text

DETECTED = 1e-3
"""P-value below which a control counts as detected."""
VOID = "void"


def judge_by_controls(
    run: str | os.PathLike,
    controls: Sequence[str | os.PathLike],
    unchanged: str | os.PathLike,
    dataset: str | os.PathLike,
    output: str | os.PathLike,
    *,
    figure: str | os.PathLike | None = None,
    threads: int | None = None,
) -> dict:
    """Judge a run by its controls and write what comes of it as JSON.

    Parameters
    ----------
    run, controls, unchanged
        Folders of evaluated runs: the test, those with known faults, that without any.
    dataset
        Dataset of the run without faults.
    output
        File to write.
    figure
        SVG to draw the controls into.
    threads
        Of torch.

    Returns
    -------
    dict
        `outcome` (that of the run, or "void"), `sentence`, `failures`, `tests` (a row a run) and
        `null`, see `cosmodag.injections.verdict.label_permutation.null_rejections`.
    """
    found = {"test": [read_run(run)], "fault": [read_run(each) for each in controls]}
    found["unchanged"] = [read_run(unchanged)]
    tests = [_row(each, kind) for kind, runs in found.items() for each in runs]
    index = {split: read_index(dataset, split) for split in ("valid", "test")}
    column = found["unchanged"][0].description["task"]["column"]
    null = null_control(unchanged, dataset, index, column, threads=threads)
    failures = failed(tests, null)
    main = found["test"][0].metrics
    sentence = main["verdict"]
    if failures:
        sentence = f"Void: {'; '.join(failures)}. What the test itself says: {sentence}"
    verdict = {
        "experiment": main["experiment"],
        "run": main["run"],
        "outcome": VOID if failures else main["outcome"],
        "sentence": sentence,
        "failures": failures,
        "tests": tests,
        "null": null,
    }
    if figure is not None:
        draw_controls(figure, tests)
    write_json(output, verdict)
    return verdict


def failed(tests: Sequence[Mapping], null: Mapping) -> list[str]:
    """Say which controls failed, a clause each."""
    failures = []
    for each in tests:
        p = each["p_value"]
        if each["kind"] == "fault" and (p is None or p >= DETECTED):
            failures.append(f"the fault of {each['run']} was not detected ({p_text(p)})")
        if each["kind"] == "unchanged" and p is not None and p < DETECTED:
            failures.append(f"{each['run']}, which has no fault, was told apart ({p_text(p)})")
    if not null["holds"]:
        failures.append(
            f"{null['rejected']:.1%} of {null['relabellings']} relabellings were rejected at the "
            "5 % level"
        )
    return failures


def draw_controls(path: str | os.PathLike, tests: Sequence[Mapping]) -> None:
    """Draw the AUC of the test and of its controls, with intervals, against 0.5."""
    inks = {"test": NETWORK, "fault": WARM, "unchanged": QUIET}
    with drawing(path, 5.4, 0.5 + 0.32 * len(tests)) as figure:
        axes = figure.subplots()
        axes.axvspan(0.5, EQUIVALENT, color=QUIET, alpha=0.15, lw=0)
        axes.axvline(0.5, color=QUIET, lw=0.8)
        for place, each in enumerate(reversed(tests)):
            auc = each["auc"]
            if auc["low"] is not None:
                axes.plot([auc["low"], auc["high"]], [place] * 2, color=inks[each["kind"]])
            axes.plot(auc["value"], place, "o", color=inks[each["kind"]])
            axes.text(1.03, place, p_text(each["p_value"]), va="center", fontsize=7)
        axes.set_yticks(range(len(tests)), [each["run"] for each in reversed(tests)])
        axes.set(xlabel="area under the ROC curve", xlim=(min(0.45, axes.get_xlim()[0]), 1.01))


def _row(run: Run, kind: str) -> dict:
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
