"""The report describes void catalogues: what was searched, what was found, and its limits."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.errors import InputError
from cosmodag.evaluation.verification import verify_results
from cosmodag.reporting.report import write_report
from cosmodag.voids.catalogues.sky_coordinates import sky_coordinates
from cosmodag.voids.report import sections
from cosmodag.voids.survey.void_report import void_section
from tests.evaluated_runs import make_run

SIDE = 60.0


def find(folder, *words) -> None:
    done = CliRunner().invoke(main, ["voids", "find", *words, "--output", str(folder)])
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Void catalogues of galaxies with an empty sphere, in a box and on the sky."""
    root = tmp_path_factory.mktemp("results")
    position = np.random.default_rng(1).uniform(0, SIDE, (3000, 3))
    position = position[np.linalg.norm(position - SIDE / 2, axis=1) > 14]
    pd.DataFrame(position, columns=["x", "y", "z"]).to_csv(root / "box.csv", index=False)
    seen = position - SIDE / 2 + [150, 0, 0]
    sky = pd.DataFrame(dict(zip(("ra", "dec", "z"), sky_coordinates(seen, 0.3))))
    sky["ra"] = (sky["ra"] + 90) % 360  # away from the first meridian
    sky.to_csv(root / "survey.csv", index=False)
    folder = root / "results" / "voids" / "void_catalogues"
    find(folder / "box", str(root / "box.csv"), "--box-size", "60", "--minimum-radius", "9")
    # Few galaxies in the smallest void, which is warned of.
    words = (str(root / "survey.csv"), "--estimate-footprint", "--omega-m", "0.3")
    find(folder / "survey", *words, "--minimum-radius", "5", "--minimum-fraction-inside", "0.9")
    return root / "results"


@pytest.fixture(scope="module")
def products(results):
    return sorted((results / "voids" / "void_catalogues").iterdir())


def texts(section) -> str:
    return " ".join([section.answer, *section.paragraphs])


def rows_of(section) -> dict:
    return dict(section.tables[0].rows)


def test_a_box_is_described(products):
    box = void_section(products[0])
    content = json.loads((products[0] / "voids.json").read_text())
    assert content["n_voids"] >= 1
    assert content["effective_volume"] == pytest.approx(content["volume"]) == SIDE**3
    rows = rows_of(box)
    assert rows["Voids"] == f"{content['n_voids']}"
    assert rows["Footprint"] == "the whole box"
    assert rows["Volume"] == "2.16e+05 (Mpc/h)³"
    assert rows["Table, a row per void"].startswith("voids/void_catalogues/box/voids.csv")
    assert not rows.keys() & {"Area", "Distances"}
    assert "redshift space" not in texts(box)
    assert "not of the matter" in texts(box)
    assert shlex.split(box.command)[3:] == [
        *("GALAXIES", "--output", "VOIDS", "--box-size", "60", "--minimum-radius", "9.0"),
    ]


def test_a_survey_is_described_with_its_warnings_and_limits(products):
    survey = void_section(products[1])
    content = json.loads((products[1] / "voids.json").read_text())
    rows = rows_of(survey)
    assert content["area"] == pytest.approx(np.degrees(SIDE / 150) ** 2, rel=0.5)
    assert rows["Area"] == f"{content['area']:,.0f} square degrees"
    assert 0 < content["effective_volume"] <= content["volume"]
    assert rows["Footprint"].startswith("estimated from the galaxies")
    assert any("most of the smallest voids are chance" in text for text in content["warnings"])
    assert survey.paragraphs[0].startswith("Warning: ")
    assert "Ω_m = 0.3, so voids are those of redshift space" in texts(survey)
    assert "--estimate-footprint --output VOIDS" in survey.command
    assert len(survey.figures) == 1


def test_a_report_may_show_void_catalogues_alone(results, products):
    write_report(results / "report.html", [], products=products)
    page = (results / "report.html").read_text()
    assert page.count(void_section(products[0]).answer) == 2  # at the top, and in its section
    assert 'id="voids-void-catalogue-survey"' in page
    assert "All scores" not in page
    assert not verify_results(results).problems


def test_the_answer_of_a_chapter_with_runs_is_that_of_its_runs(tmp_path, products):
    run = make_run(tmp_path / "unet", verdict="It is better.")
    write_report(tmp_path / "report.html", [run], products=products)
    top, rest = (tmp_path / "report.html").read_text().split('id="scores"')
    assert "It is better." in top
    assert void_section(products[0]).answer not in top
    assert void_section(products[0]).answer in rest


def test_other_products_are_left_to_others(products):
    assert len(sections([*products, products[0].parent.parent / "predictions" / "a.csv"])) == 2


def test_an_altered_void_catalogue_is_refused(results, products, tmp_path):
    figure = products[0] / "slice.svg"
    whole = figure.read_text()
    try:
        figure.write_text(whole.replace("<svg", "<svg "))
        with pytest.raises(InputError, match=r"slice\.svg"):
            void_section(products[0])
    finally:
        figure.write_text(whole)
