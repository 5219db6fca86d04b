"""Whether a network is ahead of every simple method, in one sentence that does not flatter."""

from collections.abc import Iterable, Mapping

from cosmodag.evaluation.bootstrap import Interval
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.evaluation.names import BASELINES, score_title

AHEAD, LOSES, CANNOT_TELL = "ahead", "loses", "cannot tell"


def outcome(differences: Iterable[Interval]) -> str:
    """Ahead, loses or cannot tell, from the paired differences to all rivals, more being better."""
    differences = list(differences)
    lows, highs = ([each[end] for each in differences] for end in ("low", "high"))
    if lows and all(low is not None and low > 0 for low in lows):
        return AHEAD
    if any(high is not None and high < 0 for high in highs):
        return LOSES
    return CANNOT_TELL


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
    found = outcome(differences[name] for name in ranked)
    every = " of every simple method" if len(ranked) > 1 else ""
    sentence = {
        AHEAD: f"The network is ahead{every}: {at} of {rival} ({step}).",
        LOSES: f"The network loses: {at} of {rival} ({step}).",
        CANNOT_TELL: f"The network and {rival} cannot be told apart: {at} ({step}).",
    }[found]
    return {"outcome": found, "against": strongest, "sentence": sentence}


def judged(
    headline: str,
    scores: Mapping[str, Mapping[str, Interval]],
    differences: Mapping[str, Mapping[str, Interval]],
    rival: str | None = None,
) -> dict:
    """The part of metrics.json that holds scores, baselines, paired differences and the verdict.

    Parameters
    ----------
    headline : str
        Score that decides the verdict.
    scores : mapping from predictor to its scores
        The baselines', and the network's under "network".
    differences : mapping from baseline to the network's scores minus its own
    rival : str, optional
        The baseline that alone decides the verdict; by default all do.
    """
    baselines = {name: each for name, each in scores.items() if name != "network"}
    network = scores["network"]
    deciding = [rival] if rival is not None else list(baselines)
    decision = verdict(
        headline,
        network[headline],
        {name: baselines[name][headline] for name in deciding},
        {name: differences[name][headline] for name in deciding},
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


def joined(scored: dict, samples: Mapping[str, dict]) -> dict:
    """Join what `judged` returns for all examples with that of methods asked of a sample each.

    A network is ahead where it is ahead of these too, and loses where it loses to one of them.

    Parameters
    ----------
    scored : dict
        Of the methods that answered for all examples.
    samples : mapping from method to dict
        Of each other method on its sample, which it alone decides, with `n`, the sample's size.
    """
    outcomes = [scored["outcome"], *(each["outcome"] for each in samples.values())]
    ahead = AHEAD if set(outcomes) == {AHEAD} else CANNOT_TELL
    found = LOSES if LOSES in outcomes else ahead
    sentences = [scored["verdict"]]
    sentences += [f"On a sample of {each['n']}: {each['verdict']}" for each in samples.values()]
    return scored | {"outcome": found, "verdict": " ".join(sentences), "samples": dict(samples)}


def _value(interval: Interval) -> float:
    return float("-inf") if interval["value"] is None else interval["value"]
