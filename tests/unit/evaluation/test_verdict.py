import pytest

from cosmodag.evaluation.verdict import judged, verdict


def around(value, half=0.02):
    return {"value": value, "low": value - half, "high": value + half}


def decide(differences, half=0.02):
    baselines = {name: around(0.6 - each) for name, each in differences.items()}
    paired = {name: around(each, half) for name, each in differences.items()}
    return verdict("mcc", around(0.6), baselines, paired)


def test_a_network_that_beats_all_is_ahead_of_the_strongest():
    found = decide({"trees": 0.05, "tidal": 0.2})
    assert (found["outcome"], found["against"]) == ("ahead", "trees")
    assert "+0.050, 95 % interval +0.030 to +0.070" in found["sentence"]


def test_a_losing_network_is_reported_as_losing():
    found = decide({"trees": -0.05, "tidal": 0.2})
    assert (found["outcome"], found["against"]) == ("loses", "trees")
    assert found["sentence"].startswith(
        "The network loses: Matthews correlation 0.600 against 0.65"
    )


def test_beating_all_but_one_within_the_noise_is_no_win():
    assert decide({"trees": 0.01, "tidal": 0.2})["outcome"] == "cannot tell"


@pytest.mark.parametrize("step", [0.3, -0.3])
def test_one_test_group_decides_nothing(step):
    missing = {"value": step, "low": None, "high": None}
    found = verdict("mcc", around(0.6), {"trees": around(0.6 - step)}, {"trees": missing})
    assert found["outcome"] == "cannot tell"
    assert "too few independent test groups" in found["sentence"]


def test_the_part_of_metrics_holds_baselines_apart_from_the_network():
    scores = {"network": {"r2": around(0.5)}, "ridge": {"r2": around(0.6)}}
    found = judged("r2", scores, {"ridge": {"r2": around(-0.1)}})
    assert found["scores"] == scores["network"]
    assert list(found["baselines"]) == list(found["comparisons"]) == ["ridge"]
    assert (found["outcome"], found["strongest_baseline"]) == ("loses", "ridge")
