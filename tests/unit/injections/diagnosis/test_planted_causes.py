"""Causes that are planted in simulated stamps and named from them."""

import pytest

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.datasets.shards import write_dataset
from cosmodag.evaluation.evaluation import RunToEvaluate, Scored
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL_SCALE
from cosmodag.injections.cutouts.stamps import channel_names
from cosmodag.injections.diagnosis.dataset_causes import diagnose
from cosmodag.injections.verdict.two_sample_evaluation import TwoSampleEvaluation
from tests.checksummed import hdf5_file
from tests.trials.causes import EXPECTED, diagnose_stamps
from tests.unit.injections.diagnosis.planted import plant

STRONG = ("none", "index", "ivar")
"""Causes that 6 bricks suffice to name."""


@pytest.fixture(scope="module")
def planted():
    """Stamps by planted cause."""
    return plant(STRONG, n_bricks=6, seed=3)


@pytest.fixture(scope="module")
def found(planted):
    """Causes that are found, by planted cause."""
    return {cause: diagnose_stamps(stamps) for cause, stamps in planted.items()}


@pytest.fixture(scope="module")
def dataset(planted, tmp_path_factory):
    """Dataset of the stamps whose injections are counted from 1."""
    folder, stamps = tmp_path_factory.mktemp("dataset"), planted["index"]
    with hdf5_file(folder / "stamps.h5", "w") as file:
        x, y = create_examples(
            file,
            experiment="injections",
            count=len(stamps.x),
            x_shape=stamps.x.shape[1:],
            y_shape=(1,),
            x_channels=channel_names(BANDS),
            y_channels=["injected"],
        )
        file.attrs["half_side"] = stamps.x.shape[1] * PIXEL_SCALE / 2
        x[...], y[:, 0] = stamps.x, stamps.index["label"]
        write_index(file, {name: stamps.index[name].to_numpy() for name in stamps.index})
    write_dataset([folder / "stamps.h5"], folder / "dataset", fractions=(0.5, 0.2, 0.3), buffer=0)
    return folder / "dataset"


@pytest.mark.parametrize("cause", STRONG)
def test_planted_cause_is_named_first(found, cause):
    causes = found[cause]["causes"]
    assert (causes[0] if causes else None) == EXPECTED[cause]


def test_positions_counted_from_one_are_measured_in_pixels(found):
    rows = {row["quantity"]: row for row in found["index"]["quantities"]}
    for axis in "xy":
        shift = rows[f"offset_{axis}"]["injected"] - rows[f"offset_{axis}"]["real"]
        assert shift == pytest.approx(-1, abs=0.1)


def test_inverse_variance_without_the_injection_has_no_photon_noise(found):
    rows = {row["quantity"]: row for row in found["ivar"]["quantities"]}
    assert abs(rows["ivar_response_g"]["injected"]) < 0.1 * rows["ivar_response_g"]["real"]


def test_faults_of_the_pipeline_remain_after_reweighting(found):
    for cause in ("index", "ivar"):
        assert found[cause]["distinguishable_after"]
        assert found[cause]["kind"] == "pipeline fault"
    assert not found["none"]["distinguishable_after"]


def test_dataset_alone_shows_the_cause(dataset, found):
    """All splits are read; their order differs from that of the stamps."""
    causes = diagnose(dataset, replicas=50)
    assert causes["causes"][0] == "position"
    assert causes["n"] == found["index"]["n"]
    offsets = [
        next(row["injected"] for row in each["quantities"] if row["quantity"] == "offset_x")
        for each in (causes, found["index"])
    ]
    assert offsets[0] == pytest.approx(offsets[1])


def test_verdict_table_and_figure_name_the_cause(dataset, tmp_path):
    evaluation = TwoSampleEvaluation({"name": "classification", "column": "label", "classes": 2})
    scored = Scored({"verdict": "The classes are distinguishable."}, {}, {})
    scored = evaluation.with_causes(scored, RunToEvaluate(tmp_path, dataset, {}, {}))
    verdict = scored.metrics["verdict"]
    assert verdict.startswith("The classes are distinguishable. Cause: positions, a pipeline fault")
    assert scored.metrics["causes"]["causes"][0] == "position"
    assert scored.tables[0].rows[0][1] == "positions"
    scored.figures["causes"].draw(tmp_path / "causes.svg")
    assert "offset_x" in (tmp_path / "causes.numbers.csv").read_text()
