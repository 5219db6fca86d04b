import base64
import html.parser
import json
import re
import shutil
import subprocess

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from cosmodag import experiments
from cosmodag.evaluation.drawing import drawing, figure_files
from cosmodag.evaluation.position_probe import apply
from cosmodag.galaxies.report import prediction_section
from cosmodag.injections.report import selection_section
from cosmodag.injections.selection.selection_tables import read_selections
from cosmodag.json_files import write_json
from cosmodag.reporting.report import write_report
from cosmodag.reporting.sections import data_address
from cosmodag.reporting.summary import summary
from cosmodag.tables import write_table
from tests.checksummed import edit_json
from tests.evaluated_runs import make_run


@pytest.fixture
def page(tmp_path):
    runs = [make_run(tmp_path / "unet"), make_run(tmp_path / "leaky", protocol="random")]
    write_report(tmp_path / "report.html", runs)
    return tmp_path / "report.html"


class Addresses(html.parser.HTMLParser):
    """What a page refers to, its identifiers, and its images' descriptions."""

    def __init__(self):
        super().__init__()
        self.addresses, self.names, self.descriptions, self.scripts = [], [], [], 0

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.addresses += [found[key] for key in ("src", "href", "srcset") if key in found]
        self.names += [found["id"]] if "id" in found else []
        self.descriptions += [found.get("alt")] if tag == "img" else []
        self.scripts += tag in ("script", "link", "iframe", "object")


def read(page):
    parser = Addresses()
    parser.feed(page.read_text())
    return parser


def test_the_report_refers_to_nothing_outside_itself(page):
    found = read(page)
    assert found.scripts == 0
    for address in found.addresses:
        assert address.startswith("data:image/svg+xml;base64,") or address[1:] in found.names
    assert "url(" not in page.read_text()
    assert "@import" not in page.read_text()


def test_every_figure_is_described_and_every_name_unique(page):
    found = read(page)
    assert found.descriptions
    assert all(found.descriptions)
    assert len(set(found.names)) == len(found.names)


def test_a_network_worse_than_a_baseline_is_shown_so(tmp_path):
    sentence = "The network is worse than the best baseline: 0.7 against 0.8."
    run = make_run(tmp_path / "unet", outcome="worse", verdict=sentence)
    write_report(tmp_path / "report.html", [run])
    text = (tmp_path / "report.html").read_text()
    assert sentence in text
    assert '<span class="badge worse">worse</span>' in text
    assert "badge better" not in text


def test_a_run_that_leaks_is_shown_so_in_the_first_table_and_the_summary(tmp_path):
    run = make_run(tmp_path / "unet")
    metrics = json.loads((run / "metrics.json").read_text())
    target = {
        "feature": "the position in the box",
        "correlation": {"value": 0.4, "low": 0.3, "high": 0.5},
        "leaking": True,
    }
    apply(metrics, {"leaking": True, "targets": {"": target}})
    edit_json(run / "metrics.json", **metrics)
    write_report(tmp_path / "report.html", [run])
    first_table, rest = (tmp_path / "report.html").read_text().split("</table>", 1)
    assert '<span class="badge leaking">leaking</span>' in first_table
    assert "badge better" not in first_table + rest
    sentence = "Leaking: the position in the box alone predicts the target"
    assert sentence in rest
    lines = summary([run]).splitlines()
    assert lines[2].split()[-1] == "leaking"
    assert lines[-1].startswith(f"voids/unet: {sentence}")


def test_the_report_shows_the_position_alone_beside_a_random_split(page):
    row = page.read_text().split("Position alone")[1]
    assert "0.350" in row
    assert "at random" in row


def test_an_experiment_without_a_declaration_has_a_bare_chapter(tmp_path):
    write_report(tmp_path / "bare.html", [make_run(tmp_path / "first", experiment="lenses")])
    assert "Lenses" in (tmp_path / "bare.html").read_text()


def test_the_report_opens_with_the_questions_and_has_a_menu(page):
    text = page.read_text()
    question, answer = text.index(experiments.find("voids").question), text.index("It is better.")
    assert question < answer < text.index('id="scores"')
    menu = text[text.index("<nav") : text.index("</nav>")]
    for target in ("#scores", "#voids", "#voids-unet", "#voids-leaky", "#voids-protocol"):
        assert f'href="{target}"' in menu


def test_headings_are_distinct_and_name_their_run(page):
    headings = re.findall(r"<h[1-3][^>]*>(.*?)</h[1-3]>", page.read_text())
    assert len(set(headings)) == len(headings)
    assert any(heading.startswith("unet: ") for heading in headings)


def test_markup_in_names_stays_text(tmp_path):
    run = make_run(tmp_path / "unet", verdict="<script>alert(1)</script>")
    write_report(tmp_path / "report.html", [run])
    assert "<script>" not in (tmp_path / "report.html").read_text()


def test_figures_carry_inks_for_dark_pages(tmp_path):
    run = make_run(tmp_path / "unet")
    address = data_address(run / "figures" / "scores.svg")
    text = base64.b64decode(address.partition(",")[2]).decode()
    assert text.startswith("<svg")
    assert "prefers-color-scheme:dark" in text
    assert "var(--2f6690,#2f6690)" in text
    assert "http://" not in text.replace("http://www.w3.org/", "")


def test_a_run_that_learned_from_other_labels_says_so(tmp_path):
    run = make_run(tmp_path / "taught")
    description = json.loads((run / "run.json").read_text())
    description["task"]["channel"] = "fraction_taught"
    edit_json(run / "run.json", **description)
    write_report(tmp_path / "report.html", [run])
    text = (tmp_path / "report.html").read_text()
    assert "trained on fraction_taught, scored on fraction_matter" in text


def test_the_summary_is_a_table_of_headline_scores(tmp_path):
    runs = [make_run(tmp_path / "unet"), make_run(tmp_path / "leaky", protocol="random")]
    lines = summary(runs).splitlines()
    assert lines[2].split()[:4] == ["voids/unet", "Matthews", "correlation", "0.700"]
    assert "leaky (random split)" in lines[3]
    assert len({line.find("better") for line in lines[2:]}) == 1


def test_tables_and_notes_of_a_run_are_shown(tmp_path):
    run = make_run(tmp_path / "parameters")
    metrics = json.loads((run / "metrics.json").read_text())
    table = {"caption": "By signal-to-noise", "columns": ["error", "n"], "rows": [["flux", "270"]]}
    sample = {
        "n": 40,
        "verdict": "The network is better: 0.7 against a profile.",
        "scores": metrics["scores"],
        "baselines": metrics["baselines"] | {"sersic_fit": metrics["baselines"]["trees"]},
    }
    metrics |= {
        "tables": [table],
        "notes": ["Above 30, 2.1 %."],
        "samples": {"sersic_fit": sample},
    }
    edit_json(run / "metrics.json", **metrics)
    write_report(tmp_path / "report.html", [run])
    text = (tmp_path / "report.html").read_text()
    assert "Above 30, 2.1 %." in text
    assert '<th scope="row">flux</th><td>270</td>' in text
    assert "fitted Sérsic profiles, on a sample of 40" in text
    assert "The network is better: 0.7 against a profile." in text
    last = summary([run, make_run(tmp_path / "unet")]).splitlines()[-1]
    assert last == "voids/parameters: Above 30, 2.1 %."


@pytest.fixture
def browser():
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no chromium on the path: the report is not opened in a real browser")


def open_in(browser, page, folder):
    """Open a page offline: what it asked of the network, and how it looks, (h, w, 3) in [0, 1]."""
    log, shot = folder / "net.json", folder / "page.png"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--proxy-server=127.0.0.1:9"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}"]
    command += [f"--screenshot={shot}", "--window-size=1000,1400", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    asked = [
        event["params"]["url"]
        for event in json.loads(log.read_text())["events"]
        # What the browser asks on its own account has no origin.
        if event.get("params", {}).get("initiator", "not an origin") != "not an origin"
    ]
    return [url for url in asked if url.startswith("http")], matplotlib.image.imread(shot)[..., :3]


@pytest.mark.slow
def test_a_browser_opens_the_report_offline_and_asks_the_network_for_nothing(
    page, browser, tmp_path
):
    asked, shown = open_in(browser, page, tmp_path)
    assert not asked
    # A blank page or an error page has none of the figures' blue.
    blue = np.abs(shown - np.array([0x2F, 0x66, 0x90]) / 255).max(-1) < 0.03
    assert blue.sum() > 50
    careless = tmp_path / "careless.html"
    careless.write_text('<img src="http://outside.invalid/figure.png">')
    assert open_in(browser, careless, tmp_path)[0] == ["http://outside.invalid/figure.png"]


def test_cuts_are_counted_for_each_selection(tmp_path):
    tables = {"model/0": (3, 40), "model/1": (4, 50), "other/0": (1, 9)}
    paths = [tmp_path / "stars" / "selections" / f"{name}.csv" for name in tables]
    for path, (real, injected) in zip(paths, tables.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        more = "" if path.parent.name == "model" else "size,2,2\n"
        path.write_text(f"cut,real,injected\nnot detected,0,{injected}\n{more}kept,{real},7\n")
        write_table(path.with_suffix(".parquet"), pd.DataFrame({"id": ["a"]}), files=[path])
    (table,) = read_selections(paths)
    assert table == (
        "stars",
        ["model", "other"],
        ["real", "injected"],
        [("not detected", 0, 90, 0, 9), ("size", 0, 0, 2, 2), ("kept", 7, 14, 1, 7)],
    )
    section = selection_section(table)
    assert section.tables[0].rows[0] == ["not detected", "0", "90", "0", "9"]


def test_an_experiment_adds_its_own_sections_and_no_other(tmp_path):
    products = []
    for experiment in ("galaxies", "stars"):
        folder = tmp_path / experiment / "predictions"
        folder.mkdir(parents=True)
        products.append(folder / "sky.csv")
        products[-1].write_text("id,outside,warning\na,True,outside\nb,False,\nc,True,noise\n")
        with drawing(folder / "sky.svg", 2, 2) as figure:
            figure.subplots()
        files = [products[-1], *figure_files(folder / "sky.svg")]
        write_json(folder / "sky.json", {}, files=files)
    answer = "3 galaxies: 2 outside the training distribution."
    assert prediction_section(products[0]).answer == answer
    run = make_run(tmp_path / "galaxies" / "runs" / "a", experiment="galaxies")
    write_report(tmp_path / "report.html", [run], products=products)
    page = (tmp_path / "report.html").read_text()
    assert page.count("Predictions for sky</h3>") == 1
    assert page.count(answer) == 1
