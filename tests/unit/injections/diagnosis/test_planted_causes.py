"""Causes that are planted in simulated stamps and named from them."""

import pytest

from cosmodag.injections.diagnosis.cause_report import cause_sentence
from tests.unit.injections.diagnosis.planted import plant
from tests.unit.injections.diagnosis.trials import EXPECTED, diagnose_stamps

STRONG = ("none", "index", "ivar", "sky")
"""Causes that 8 bricks suffice to name."""


@pytest.fixture(scope="module")
def found():
    """Causes that are found, by planted cause."""
    planted = plant(STRONG, n_bricks=8, seed=3)
    return {cause: diagnose_stamps(stamps) for cause, stamps in planted.items()}


@pytest.mark.parametrize("cause", STRONG)
def test_planted_cause_is_named_first(found, cause):
    causes = found[cause]["causes"]
    assert (causes[0] if causes else None) == EXPECTED[cause]


def test_positions_counted_from_one_are_measured_in_pixels(found):
    rows = {row["quantity"]: row for row in found["index"]["quantities"]}
    for axis in "xy":
        shift = rows[f"offset_{axis}"]["injected"] - rows[f"offset_{axis}"]["real"]
        assert shift == pytest.approx(-1, abs=0.1)
    assert "positions, a pipeline fault" in cause_sentence(found["index"])


def test_inverse_variance_without_the_injection_has_no_photon_noise(found):
    rows = {row["quantity"]: row for row in found["ivar"]["quantities"]}
    assert abs(rows["ivar_response_g"]["injected"]) < 0.1 * rows["ivar_response_g"]["real"]


def test_faults_of_the_pipeline_remain_after_reweighting(found):
    for cause in ("index", "ivar", "sky"):
        assert found[cause]["distinguishable_after"]
        assert found[cause]["kind"] == "pipeline fault"
    assert not found["none"]["distinguishable_after"]
