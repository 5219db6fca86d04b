"""Whether a network is ahead of every simple method, in one sentence that does not flatter."""

from collections.abc import Mapping

from cosmodag.evaluation.bootstrap import Interval
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.evaluation.names import BASELINES, score_title

AHEAD, LOSES, CANNOT_TELL = "ahead", "loses", "cannot tell"


def verdict(
    score: str,
    network: Interval,
    baselines: Mapping[str, Interval],
    differences: Mapping[str, Interval],
) -> dict[str, str | None]:
    """Judge a network by one score, of which more is better.

    It is ahead if its paired difference to *every* baseline has an interval above 0, loses if one
    baseline's difference has an interval below 0, and otherwise nothing can be told.

    Parameters
    ----------
    score : str
        Name of the score.
    network : interval
        The network's score.
    baselines, differences : mapping from baseline to interval
        Their scores, and the network's score minus theirs.

    Returns
    -------
    dict
        `outcome` ("ahead", "loses", "cannot tell"), `against` (the strongest baseline) and
        `sentence`.
    """
    ranked = sorted(baselines, key=lambda name: _value(baselines[name]), reverse=True)
    if not ranked:
        return {"outcome": CANNOT_TELL, "against": None, "sentence": "No baseline was scored."}
    strongest = ranked[0]
    title, rival = score_title(score), BASELINES.get(strongest, strongest)
    at = f"{title} {number(network['value'])} against {number(baselines[strongest]['value'])}"
    difference = differences[strongest]
    if difference["low"] is None:
        sentence = (
            f"Nothing can be told: {at} of {rival}, and too few independent test groups "
            "to say how far chance goes."
        )
        return {"outcome": CANNOT_TELL, "against": strongest, "sentence": sentence}
    step = (
        f"difference {number(difference['value'], sign=True)}, "
        f"95 % interval {bounds(difference, sign=True)}"
    )
    lows = [differences[name]["low"] for name in ranked]
    highs = [differences[name]["high"] for name in ranked]
    if all(low is not None and low > 0 for low in lows):
        sentence = f"The network is ahead of every simple method: {at} of {rival} ({step})."
        return {"outcome": AHEAD, "against": strongest, "sentence": sentence}
    if any(high is not None and high < 0 for high in highs):
        sentence = f"The network loses: {at} of {rival} ({step})."
        return {"outcome": LOSES, "against": strongest, "sentence": sentence}
    sentence = f"The network and {rival} cannot be told apart: {at} ({step})."
    return {"outcome": CANNOT_TELL, "against": strongest, "sentence": sentence}


def judged(
    headline: str,
    scores: Mapping[str, Mapping[str, Interval]],
    differences: Mapping[str, Mapping[str, Interval]],
) -> dict:
    """The part of metrics.json that holds scores, baselines, paired differences and the verdict.

    Parameters
    ----------
    headline : str
        Score that decides the verdict.
    scores : mapping from predictor to its scores
        The baselines', and the network's under "network".
    differences : mapping from baseline to the network's scores minus its own
    """
    baselines = {name: each for name, each in scores.items() if name != "network"}
    network = scores["network"]
    decision = verdict(
        headline,
        network[headline],
        {name: each[headline] for name, each in baselines.items()},
        {name: each[headline] for name, each in differences.items()},
    )
    return {
        "headline": headline,
        "scores": network,
        "baselines": baselines,
        "comparisons": differences,
        "verdict": decision["sentence"],
        "outcome": decision["outcome"],
        "strongest_baseline": decision["against"],
    }


def _value(interval: Interval) -> float:
    return float("-inf") if interval["value"] is None else interval["value"]
