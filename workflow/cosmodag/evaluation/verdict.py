"""Whether a network is better than the best baseline, in one sentence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cosmodag.evaluation.bootstrap import Interval
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.evaluation.names import baseline_title, score_title, split_score

BETTER, WORSE, MIXED, INCONCLUSIVE = "better", "worse", "mixed", "inconclusive"
MIN_GROUPS = 5
"""Independent test groups below which nothing is called better or worse."""

Scores = Mapping[str, Mapping[str, Interval]]
"""Intervals by predictor and score."""


def outcome(differences: Iterable[Interval], n_groups: int) -> str:
    """Compare a network with all baselines.

    Parameters
    ----------
    differences : iterable of interval
        Paired differences, network minus baseline, of a score of which more is better.
    n_groups : int
        Independent test groups.

    Returns
    -------
    {"better", "worse", "inconclusive"}
        Better if the intervals of all differences lie above 0, worse if one lies below 0. Always
        inconclusive with fewer than `MIN_GROUPS` groups.
    """
    differences = list(differences)
    if n_groups < MIN_GROUPS or not differences:
        return INCONCLUSIVE
    if all(each["low"] is not None and each["low"] > 0 for each in differences):
        return BETTER
    if any(each["high"] is not None and each["high"] < 0 for each in differences):
        return WORSE
    return INCONCLUSIVE


def combine(outcomes: Iterable[str]) -> str:
    """Return the outcome of a run with several targets from those of all its targets.

    It is better if it is so for all targets, worse if it is worse for some and better for none, and
    mixed if it is better for some and worse for others.
    """
    found = set(outcomes)
    if {BETTER, WORSE} <= found or MIXED in found:
        return MIXED
    if found == {BETTER}:
        return BETTER
    return WORSE if WORSE in found else INCONCLUSIVE


def verdict(
    score: str,
    network: Interval,
    baselines: Mapping[str, Interval],
    differences: Mapping[str, Interval],
    n_groups: int,
) -> dict[str, str | None]:
    """Judge a network by one score, of which more is better.

    Parameters
    ----------
    score : str
        Name of the score.
    network : interval
        The network's score.
    baselines, differences : mapping from baseline to interval
        Their scores, and the network's score minus theirs.
    n_groups : int
        Independent test groups.

    Returns
    -------
    dict
        `outcome` (see `outcome`), `against` (the best baseline) and `sentence`.
    """
    ranked = sorted(baselines, key=lambda name: _value(baselines[name]), reverse=True)
    if not ranked:
        return {"outcome": INCONCLUSIVE, "against": None, "sentence": "No baseline was scored."}
    best = ranked[0]
    result = outcome((differences[name] for name in ranked), n_groups)
    comparison = (
        f"{score_title(score)} {number(network['value'])} against "
        f"{number(baselines[best]['value'])} of {baseline_title(best)}"
    )
    details = [f"{n_groups} independent test group{'' if n_groups == 1 else 's'}"]
    if differences[best]["low"] is not None:
        difference = differences[best]
        details.insert(
            0,
            f"difference {number(difference['value'], sign=True)}, "
            f"95 % interval {bounds(difference, sign=True)}",
        )
    statement = {
        BETTER: "The network is better than the best baseline",
        WORSE: "The network is worse than the best baseline",
        INCONCLUSIVE: "Inconclusive",
    }[result]
    if n_groups < MIN_GROUPS:
        statement = f"Inconclusive, since at least {MIN_GROUPS} independent test groups are needed"
    sentence = f"{statement}: {comparison} ({', '.join(details)})."
    return {"outcome": result, "against": best, "sentence": sentence}


def judged(
    headlines: str | Sequence[str],
    scores: Scores,
    differences: Scores,
    n_groups: int,
    rival: str | None = None,
) -> dict[str, Any]:
    """Return the part of metrics.json with scores, baselines, paired differences and the verdict.

    Parameters
    ----------
    headlines : str or sequence of str
        The score that decides the verdict, or one for each target.
    scores : mapping from predictor to its scores
        The baselines', and the network's under "network".
    differences : mapping from baseline to the network's scores minus its own
    n_groups : int
        Independent test groups.
    rival : str, optional
        The baseline that alone decides the verdict; by default all do.

    Returns
    -------
    dict
        `headline` (the first), `scores`, `baselines`, `comparisons`, `targets` (what `verdict`
        returns for each headline) and the verdict, see `decide`.
    """
    headlines = [headlines] if isinstance(headlines, str) else list(headlines)
    baselines = {name: each for name, each in scores.items() if name != "network"}
    targets = {}
    for headline in headlines:
        rivals = (
            [rival] if rival is not None else [n for n in baselines if headline in baselines[n]]
        )
        targets[headline] = verdict(
            headline,
            scores["network"][headline],
            {name: baselines[name][headline] for name in rivals},
            {name: differences[name][headline] for name in rivals},
            n_groups,
        )
    return {
        "headline": headlines[0],
        "groups": n_groups,
        "scores": scores["network"],
        "baselines": baselines,
        "comparisons": differences,
        **decide(targets),
    }


def decide(targets: Mapping[str, Mapping[str, str | None]]) -> dict[str, Any]:
    """Return the verdict on all targets of a run.

    Parameters
    ----------
    targets : mapping from headline to dict
        What `verdict` returns for each.

    Returns
    -------
    dict
        `targets`, `outcome`, `verdict` (a sentence) and `strongest_baseline` (of the first target).
    """
    first = next(iter(targets.values()))
    overall = combine(str(each["outcome"]) for each in targets.values())
    sentence = first["sentence"]
    if len(targets) > 1:
        named: dict[str, list[str]] = {}
        for headline, each in targets.items():
            column = split_score(headline)[0].removesuffix("_class").replace("_", " ")
            named.setdefault(str(each["outcome"]), []).append(column)
        phrases = {
            BETTER: "better than the best baseline for",
            WORSE: "worse than the best baseline for",
            INCONCLUSIVE: "inconclusive for",
        }
        parts = [f"{phrases[key]} {', '.join(named[key])}" for key in phrases if key in named]
        sentences = " ".join(str(each["sentence"]) for each in targets.values())
        sentence = f"Of {len(targets)} targets, {'; '.join(parts)}. {sentences}"
    return {
        "targets": dict(targets),
        "outcome": overall,
        "verdict": sentence,
        "strongest_baseline": first["against"],
    }


def join_samples(metrics: dict[str, Any], samples: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Join the verdict on all examples with those against baselines scored on a sample each.

    A network is better for a target where it is better than these baselines too, and worse where it
    is worse than one of them.

    Parameters
    ----------
    metrics : dict
        What `judged` returns for the baselines that predict all examples.
    samples : mapping from baseline to dict
        What `judged` returns for each other baseline on its sample, with `n`, the sample's size.
    """
    targets = {}
    for headline, full in metrics["targets"].items():
        beside = [
            (each["n"], each["targets"][headline])
            for each in samples.values()
            if headline in each["targets"]
        ]
        outcomes = {full["outcome"], *(each["outcome"] for _, each in beside)}
        joint = outcomes.pop() if len(outcomes) == 1 else INCONCLUSIVE
        sentences = [full["sentence"], *(f"On a sample of {n}: {e['sentence']}" for n, e in beside)]
        targets[headline] = {
            "outcome": WORSE if WORSE in outcomes else joint,
            "against": full["against"],
            "sentence": " ".join(sentences),
        }
    return metrics | decide(targets) | {"samples": dict(samples)}


def _value(interval: Interval) -> float:
    return float("-inf") if interval["value"] is None else interval["value"]
