"""Transfer functions of surveys with a known detection probability and known errors."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.errors import InputError
from cosmodag.evaluation.verification import verify_results
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.report import sections
from cosmodag.injections.transfer.match_tables import MatchTables
from cosmodag.injections.transfer.measurement import TransferSettings
from cosmodag.injections.transfer.transfer_files import write_transfer
from cosmodag.reporting.report import write_report
from cosmodag.tables import read_table
from tests.evaluated_runs import make_run
from tests.unit.injections.transfer.planted import BIAS, SCATTER, SIZE_FACTOR, write_survey

MATCH = ("--depth", "psfdepth")
FAST = ("--bins", 2, "--magnitude-width", 1)


def run(*words) -> str:
    """Run a command of the injection experiment; return what it printed."""
    done = CliRunner().invoke(main, ["injections", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Twelve bricks with ambiguous injections and spurious detections."""
    root = tmp_path_factory.mktemp("planted")
    return write_survey(root, n_ambiguous=5, n_spurious=7)


@pytest.fixture(scope="module")
def results(planted, tmp_path_factory):
    """Folder of the transfer function of this survey, matched in two batches."""
    folder = tmp_path_factory.mktemp("results") / "injections" / "transfer" / "planted"
    tables = [folder / "matches" / f"{batch}.parquet" for batch in range(2)]
    for batch, path in enumerate(tables):
        words = (*MATCH, "--batch", batch, "--batches", 2, "--output", path)
        assert "3,456 injections" in run("match", planted.root, *words)
    run("transfer", *tables, "--output", folder / "measured")
    return folder / "measured"


def read(folder, name):
    return pd.read_csv(folder / name)


def test_every_injection_is_in_the_tables_once(planted, results):
    tables = [read_table(p, "") for p in sorted((results.parent / "matches").glob("*.parquet"))]
    found = pd.concat(tables)
    found = found[found["injection_id"] >= 0]
    assert len(found) == len(planted.truth) == found["id"].nunique()
    keys = ["brick", "run", "injection_id"]
    truth = planted.truth.rename(columns={"id": "injection_id"})
    both = found.merge(truth, on=keys, suffixes=("", "_true"), validate="1:1")
    np.testing.assert_allclose(both["r"], both["r_true"], rtol=1e-6)
    assert (both["ambiguous"] == (both["status"] == "ambiguous")).all()
    clear = both[~both["ambiguous"]]
    assert (clear["detected"] == (clear["status"] == "detected")).all()


def test_the_planted_completeness_is_recovered(planted, results):
    bins = read(results, "bins.csv")
    rows = bins[(bins["variable"] == "r") & bins["completeness"].notna()]
    truth = planted.truth[~planted.truth["ambiguous"]]
    covered = []
    for row in rows.itertuples():
        own = truth[truth["r"].between(row.lower, row.upper)]
        assert row.n_injected == len(own)
        assert row.completeness == pytest.approx(own["detected"].mean(), abs=1e-6)
        covered.append(row.completeness_low <= own["probability"].mean() <= row.completeness_high)
        assert abs(row.completeness - own["probability"].mean()) < 0.08
        assert row.predicted == pytest.approx(own["probability"].mean(), abs=0.05)
    assert len(covered) >= 18
    assert sum(covered) >= len(covered) - 3


def test_planted_biases_and_scatters_are_recovered(results):
    bins = read(results, "bins.csv")
    rows = bins[(bins["variable"] == "r") & (bins["n_r"] > 100)]
    assert (rows["bias_r_low"] <= BIAS).mean() > 0.85
    assert (rows["bias_r_high"] >= BIAS).mean() > 0.85
    np.testing.assert_allclose(rows["bias_r"], BIAS, atol=0.03)
    np.testing.assert_allclose(rows["scatter_r"], SCATTER, atol=0.03)
    sizes = bins[(bins["variable"] == "size") & bins["bias_size"].notna()]
    middle = (sizes["lower"] + sizes["upper"]) / 2
    inner = sizes.index[1:-1]
    np.testing.assert_allclose(
        sizes.loc[inner, "bias_size"], (SIZE_FACTOR - 1) * middle[inner], rtol=0.1
    )


def test_completeness_depends_on_depth_and_the_model_knows_it(results):
    model = results / "completeness.json"
    faint, deep = (
        float(
            run(
                "completeness", model, "--at", f'{{"r": 23.3, "size": 0.5, "depth_r": {depth}}}'
            ).split()[-1]
        )
        for depth in (24.4, 24.8)
    )
    assert deep - faint > 0.15
    content = json.loads((results / "transfer.json").read_text())
    validation = content["model"]["validation"]
    assert validation["unit"] == "bricks"
    assert validation["log_loss"][content["model"]["form"]] < validation["log_loss"]["constant"] / 2
    assert validation["improvement"]["constant"]["low"] > 0


def test_numbers_of_all_kinds_are_stated(planted, results):
    content = json.loads((results / "transfer.json").read_text())
    assert content["n_injections"] == len(planted.truth)
    assert content["n_ambiguous"] == 60
    assert content["n_spurious"] == 84
    assert content["n_detected"] + content["n_missed"] == len(planted.truth) - 60
    assert content["groups"] == {"unit": "bricks", "n_units": 12, "n_groups": 12}
    limit = content["magnitude_at_completeness"]["0.5"]
    assert limit == pytest.approx(24.6 - 1.3, abs=0.15)
    assert len(read(results, "ambiguous.csv")) == 60
    assert "60 injections are left out" in content["sentence"]
    purity = content["n_detected"] / (content["n_detected"] + 84)
    assert content["purity"]["value"] == pytest.approx(purity)
    table = read(results, "purity.csv")
    faint = table[(table["variable"] == "r") & table["lower"].between(22.2, 22.5)]
    assert (faint["n_new"] > faint["n_matched"]).any()  # where the spurious ones were planted


def test_an_empty_bin_is_stated_as_such(results, tmp_path):
    tables = MatchTables(sorted((results.parent / "matches").glob("*.parquet")), "r")
    words = ["--edges", '{"r": [15, 16, 22, 23]}', "--output", tmp_path / "edges"]
    run("transfer", *tables.paths, *FAST, *words)
    rows = read(tmp_path / "edges", "bins.csv").query("variable == 'r'")
    assert rows["n_injected"].iloc[0] == 0
    assert rows["completeness"].isna().tolist() == [True, False, False]
    assert json.loads((tmp_path / "edges/transfer.json").read_text())["n_outside"]["r"] > 0


def test_tables_have_units_and_equal_content(results):
    with fits.open(results / "transfer.fits") as file:
        names = [hdu.name for hdu in file[1:]]
        assert names[:4] == ["R", "G", "Z", "SIZE"]
        assert {"DEPTH_R", "SEEING_R", "G_MINUS_R", "MAGNITUDE_SIZE", "PURITY_R"} <= set(names)
    table = Table.read(results / "transfer.fits", hdu="SIZE")
    assert str(table["size_lower"].unit) == "arcsec"
    assert str(table["bias_r"].unit) == "mag"
    assert str(table["scatter_size_high"].unit) == "arcsec"
    assert table["completeness"].unit is None
    rows = read(results, "bins.csv").query("variable == 'size'")
    np.testing.assert_allclose(table["completeness"], rows["completeness"], rtol=1e-4)
    plane = read(results, "magnitude_size.csv")
    assert {"r_lower", "r_upper", "size_lower", "size_upper", "completeness"} <= set(plane)
    assert plane["n_injected"].sum() > 0.9 * 12 * 24**2


def test_files_are_verified_and_reported(results, tmp_path):
    assert not verify_results(results.parents[3]).problems
    (section,) = sections([results])
    assert section.answer.startswith("4,")
    assert "interval over 12 bricks" in section.answer
    assert len(section.figures) == 3
    runs = [make_run(tmp_path / "injections" / "model", experiment="injections")]
    write_report(tmp_path / "report.html", runs, products=[results])
    assert "Transfer function planted" in (tmp_path / "report.html").read_text()
    for name in ("completeness", "errors", "magnitude_size"):
        for ending in (".svg", ".pdf", ".png", ".numbers.csv"):
            assert (results / f"{name}{ending}").stat().st_size > 0
    run("transfer", *sorted((results.parent / "matches").glob("*.parquet")), "--output", results)


def test_one_run_has_binomial_intervals_and_two_have_groups(tmp_path):
    one = write_survey(tmp_path / "one", n_bricks=1)
    run("match", one.root, *MATCH, "--output", tmp_path / "one.parquet")
    printed = run("transfer", tmp_path / "one.parquet", *FAST, "--output", tmp_path / "t1")
    assert "binomial interval of one run of injections into one brick" in printed
    content = json.loads((tmp_path / "t1/transfer.json").read_text())
    assert content["groups"]["unit"] == "injections"
    assert content["model"]["validation"]["unit"] == "injections"
    assert "depth_r" not in content["bins"]  # one brick has one depth
    rows = read(tmp_path / "t1", "bins.csv").query("variable == 'r' and completeness.notna()")
    assert (rows["completeness_high"] > rows["completeness_low"]).all()
    two = write_survey(tmp_path / "two", n_bricks=1, n_runs=2)
    run("match", two.root, *MATCH, "--output", tmp_path / "two.parquet")
    printed = run("transfer", tmp_path / "two.parquet", *FAST, "--output", tmp_path / "t2")
    assert "interval over 2 runs of one brick" in printed


def test_without_earlier_catalogues_it_says_so(tmp_path):
    survey = write_survey(tmp_path / "s", n_bricks=2, n_ambiguous=3, earlier=False)
    run("match", survey.root, *MATCH, "--output", tmp_path / "m.parquet")
    printed = run("transfer", tmp_path / "m.parquet", *FAST, "--output", tmp_path / "t")
    assert "For 1,152 injections there is no catalogue without injections" in printed
    content = json.loads((tmp_path / "t/transfer.json").read_text())
    assert content["n_ambiguous"] == 0
    assert content["purity"] == {"value": None, "low": None, "high": None}
    assert not (tmp_path / "t/purity.csv").exists()


def test_bad_bricks_and_objects_are_listed_and_left_out(tmp_path):
    survey = write_survey(tmp_path / "s", n_bricks=4, per_side=8)
    run_files = [BrickFiles(survey.root, f"000{n}p001", "rs0") for n in (1, 2)]
    run_files[0].tractor.write_bytes(b"damaged")
    with fits.open(run_files[1].simcat, mode="update") as file:
        file[1].data["rflux"][3] = np.nan
    output = tmp_path / "m.parquet"
    run("match", survey.root, *MATCH, "--output", output)
    rejected = pd.read_csv(tmp_path / "m.rejected.csv")
    assert rejected["item"].tolist() == ["brick 0001p001", "row 3"]
    assert "rflux is not finite" in rejected["reason"].iloc[1]
    assert set(read_table(output, "")["brick"]) == {"0002p001", "0003p001", "0004p001"}
    done = CliRunner().invoke(
        main,
        ["injections", "match", str(survey.root), *MATCH, "--max-rejected=0", f"--output={output}"],
    )
    assert done.exit_code == 2
    assert "2 of 4 bricks cannot be used, more than max_rejected: 0" in done.output


def test_a_bad_run_leaves_the_other_runs_of_its_brick(tmp_path):
    survey = write_survey(tmp_path / "s", n_bricks=2, n_runs=2, per_side=8)
    BrickFiles(survey.root, "0001p001", "rs1").tractor.write_bytes(b"damaged")
    run("match", survey.root, *MATCH, "--output", tmp_path / "m.parquet")
    matched = read_table(tmp_path / "m.parquet", "")
    assert set(zip(matched["brick"], matched["run"], strict=True)) == {
        *(("0001p001", "rs0"), ("0002p001", "rs0"), ("0002p001", "rs1"))
    }
    (rejected,) = pd.read_csv(tmp_path / "m.rejected.csv").itertuples()
    assert rejected.item == "brick 0001p001, run rs1"
    run("transfer", tmp_path / "m.parquet", *FAST, "--output", tmp_path / "t")
    content = json.loads((tmp_path / "t/transfer.json").read_text())
    assert content["n_rejected"] == {"bricks": 0, "runs": 1, "objects": 0}


def test_without_images_the_depth_needs_a_column(tmp_path):
    survey = write_survey(tmp_path / "s", n_bricks=1, per_side=4)
    words = ["injections", "match", str(survey.root), f"--output={tmp_path / 'm.parquet'}"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert (
        "there is no such plane, which depths are taken from; fetch it, or set depth" in done.output
    )
    assert not (tmp_path / "m.parquet").exists()


def test_tables_that_do_not_belong_together_are_refused(results, tmp_path):
    first, second = sorted((results.parent / "matches").glob("*.parquet"))
    with pytest.raises(InputError, match=r"brick \d{4}p001 is also in .*give each batch once"):
        write_transfer(tmp_path / "t", MatchTables([first, second, first], "r"))
    other = write_survey(tmp_path / "s", n_bricks=1, per_side=4)
    run("match", other.root, *MATCH, "--match-radius=3", "--output", tmp_path / "m.parquet")
    with pytest.raises(InputError, match="matched with other settings than"):
        MatchTables([first, tmp_path / "m.parquet"], "r")
    with pytest.raises(InputError, match="'i' is not among the bands; known: g, r, z"):
        MatchTables([first], "i")
    settings = TransferSettings(edges={"siez": [0, 1]})
    with pytest.raises(InputError, match=r"edges\.siez: not a known variable; did you mean 'size'"):
        write_transfer(tmp_path / "t", MatchTables([first], "r"), settings)
    assert not (tmp_path / "t").exists()
