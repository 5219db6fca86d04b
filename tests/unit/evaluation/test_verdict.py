import pytest

from cosmodag.evaluation.verdict import MIN_GROUPS, combine, join_samples, judged, outcome, verdict


def around(value, half=0.02):
    return {"value": value, "low": value - half, "high": value + half}


def judge(differences, half=0.02, n_groups=7):
    baselines = {name: around(0.6 - each) for name, each in differences.items()}
    paired = {name: around(each, half) for name, each in differences.items()}
    return verdict("mcc", around(0.6), baselines, paired, n_groups)


def test_a_network_above_every_baseline_is_better_than_the_best():
    result = judge({"trees": 0.05, "tidal": 0.2})
    assert (result["outcome"], result["against"]) == ("better", "trees")
    assert "+0.050, 95 % interval +0.030 to +0.070, 7 independent test groups" in result["sentence"]


def test_a_network_below_a_baseline_is_worse():
    result = judge({"trees": -0.05, "tidal": 0.2})
    assert (result["outcome"], result["against"]) == ("worse", "trees")
    assert result["sentence"].startswith(
        "The network is worse than the best baseline: Matthews correlation 0.600 against 0.65"
    )


def test_one_difference_within_the_noise_is_inconclusive():
    assert judge({"trees": 0.01, "tidal": 0.2})["outcome"] == "inconclusive"


@pytest.mark.parametrize("step", [0.3, -0.3])
@pytest.mark.parametrize("n_groups", range(1, MIN_GROUPS + 1))
def test_fewer_than_five_groups_decide_nothing(step, n_groups):
    result = judge({"trees": step}, n_groups=n_groups)
    decided = n_groups >= MIN_GROUPS
    assert (result["outcome"] != "inconclusive") == decided
    assert ("at least 5 independent test groups are needed" in result["sentence"]) != decided
    assert f"{n_groups} independent test group" in result["sentence"]


def test_one_group_has_no_interval_and_decides_nothing():
    missing = {"value": 0.3, "low": None, "high": None}
    assert outcome([missing], 9) == "inconclusive"
    result = verdict("mcc", around(0.6), {"trees": around(0.3)}, {"trees": missing}, 1)
    assert "1 independent test group)" in result["sentence"]


def test_a_bound_that_excludes_zero_is_not_printed_as_zero():
    sentence = judge({"trees": -0.02039}, half=0.02)["sentence"]
    assert "−0.041 to −0.00038" in sentence  # rounded outwards


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["better", "better"], "better"),
        (["better", "inconclusive"], "inconclusive"),
        (["worse", "inconclusive"], "worse"),
        (["better", "worse", "inconclusive"], "mixed"),
    ],
)
def test_a_run_is_judged_on_all_its_targets(outcomes, expected):
    assert combine(outcomes) == expected


def test_metrics_hold_baselines_and_the_verdict_of_each_target():
    scores = {
        "network": {"flux.r2": around(0.5), "size.r2": around(0.9)},
        "ridge": {"flux.r2": around(0.6), "size.r2": around(0.6)},
    }
    differences = {"ridge": {"flux.r2": around(-0.1), "size.r2": around(0.3)}}
    metrics = judged(["flux.r2", "size.r2"], scores, differences, 9)
    assert metrics["scores"] == scores["network"]
    assert list(metrics["baselines"]) == list(metrics["comparisons"]) == ["ridge"]
    assert (metrics["outcome"], metrics["groups"]) == ("mixed", 9)
    outcomes = {name: target["outcome"] for name, target in metrics["targets"].items()}
    assert outcomes == {"flux.r2": "worse", "size.r2": "better"}
    assert metrics["verdict"].startswith(
        "Of 2 targets, better than the best baseline for size; worse than the best baseline for "
        "flux."
    )


def test_a_baseline_of_a_sample_decides_its_target_too():
    def metrics(difference):
        scores = {"network": {"r2": around(0.5)}, "fit": {"r2": around(0.5 - difference)}}
        return judged("r2", scores, {"fit": {"r2": around(difference)}}, 9)

    joint = join_samples(metrics(0.1), {"profile": {"n": 40, **metrics(-0.1)}})
    assert joint["outcome"] == "worse"
    assert "On a sample of 40: The network is worse" in joint["verdict"]
    assert join_samples(metrics(0.1), {"profile": {"n": 40, **metrics(0)}})["outcome"] == (
        "inconclusive"
    )
