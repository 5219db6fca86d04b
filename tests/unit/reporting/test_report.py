import base64
import html.parser
import json
import shutil
import subprocess

import matplotlib.image
import numpy as np
import pytest

from cosmodag.evaluation import figures
from cosmodag.reporting.report import data_address, write_report
from cosmodag.reporting.selection_tables import read_selections
from cosmodag.reporting.summary import summary


def interval(value, half=0.02):
    return {"value": value, "low": value - half, "high": value + half}


def make_run(
    folder, *, experiment="voids", protocol="group", outcome="ahead", verdict="It is ahead."
):
    scores = {"mcc": interval(0.7), "expected_calibration_error": interval(0.01, 0.005)}
    baselines = {
        "trees": {"mcc": interval(0.6), "expected_calibration_error": interval(0.02)},
        "index_only": {
            "mcc": interval(0.35 if protocol == "random" else 0.0),
            "expected_calibration_error": {"value": 0.1, "low": None, "high": None},
        },
    }
    metrics = {
        "experiment": experiment,
        "run": folder.name,
        "task": "map",
        "target": "fraction_matter",
        "split": "test",
        "protocol": protocol,
        "n": 100,
        "groups": 5,
        "headline": "mcc",
        "scores": scores,
        "baselines": baselines,
        "comparisons": {name: {"mcc": interval(0.1)} for name in baselines},
        "verdict": verdict,
        "outcome": outcome,
        "strongest_baseline": "trees",
        "provenance": {"code": "0" * 16, "seed": 1, "versions": {"numpy": "2.4"}, "device": "cpu"},
    }
    description = {
        "model": {"name": "unet"},
        "task": {"name": "map"},
        "seed": 1,
        "parameters": 1234567,
        "pretrained": "none",
        "seconds": 90.0,
        "best_epoch": 7,
        "ranks": 1,
        "threads": 2,
    }
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "run.json").write_text(json.dumps(description))
    figures.scores_beside_baselines(folder / "figures" / "scores.svg", metrics)
    return folder


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


def test_a_losing_network_is_shown_as_losing(tmp_path):
    sentence = "The network loses: 0.7 against 0.8."
    run = make_run(tmp_path / "unet", outcome="loses", verdict=sentence)
    write_report(tmp_path / "report.html", [run])
    text = (tmp_path / "report.html").read_text()
    assert sentence in text
    assert '<span class="badge loses">loses</span>' in text
    assert "badge ahead" not in text


def test_the_report_says_what_the_position_alone_earns_on_a_random_split(page):
    row = page.read_text().split("Earned by the position")[1]
    assert "50%" in row
    assert "at random" in row


def test_words_of_another_experiment_are_data(tmp_path):
    run = make_run(tmp_path / "first", experiment="lenses")
    write_report(tmp_path / "bare.html", [run])
    assert "Lenses" in (tmp_path / "bare.html").read_text()
    words = {"lenses": {"title": "Strong lenses", "question": "Which arcs are lensed?"}}
    write_report(tmp_path / "worded.html", [run], wording=words)
    assert "Which arcs are lensed?" in (tmp_path / "worded.html").read_text()


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
    (run / "run.json").write_text(json.dumps(description))
    write_report(tmp_path / "report.html", [run])
    text = (tmp_path / "report.html").read_text()
    assert "learned from fraction_taught, scored on fraction_matter" in text


def test_the_summary_is_a_table_of_headline_scores(tmp_path):
    runs = [make_run(tmp_path / "unet"), make_run(tmp_path / "leaky", protocol="random")]
    lines = summary(runs).splitlines()
    assert lines[2].split()[:4] == ["voids/unet", "Matthews", "correlation", "0.700"]
    assert "leaky (random split)" in lines[3]
    assert len({line.find("ahead") for line in lines[2:]}) == 1


def parameters_run(folder):
    """A run that tells magnitudes and axis ratios, beside a fit to a sample."""
    run = make_run(folder, experiment="galaxies")
    metrics = json.loads((run / "metrics.json").read_text())
    fraction, plain = {"flux_error": interval(0.021, 0.001)}, {"absolute_error": interval(0.07)}
    rows = {
        column: [
            {
                "low": 30,
                "high": None,
                "at": 80.0,
                "n": 270,
                "scores": {"network": error, "trees": error, "sersic_fit": error},
                "differences": {"trees": error, "sersic_fit": error},
                "outcome": "ahead",
                "against": "trees",
            }
        ]
        for column, error in (("magnitude", fraction), ("axis_ratio", plain))
    }
    sample = {
        "n": 40,
        "verdict": "The network is ahead: 0.7 of a profile.",
        "scores": metrics["scores"],
        "baselines": metrics["baselines"] | {"sersic_fit": metrics["baselines"]["trees"]},
        "by_signal_to_noise": {"magnitude": rows["magnitude"]},
    }
    metrics |= {"by_signal_to_noise": rows, "samples": {"sersic_fit": sample}}
    (run / "metrics.json").write_text(json.dumps(metrics))
    return run


def test_errors_by_signal_to_noise_stand_in_the_report_and_below_the_summary(tmp_path):
    run = parameters_run(tmp_path / "parameters")
    write_report(tmp_path / "report.html", [run])
    text = (tmp_path / "report.html").read_text()
    sentence = "At a signal-to-noise above 30, median error of 270: flux 2.1 % (2.0 to 2.2) against"
    assert sentence in text
    assert "median error of axis ratio" in text
    assert "Beside a fitted Sérsic profile, on a sample of 40" in text
    assert "The network is ahead: 0.7 of a profile." in text
    assert text.count("<td>above 30</td>") == 3
    last = summary([run, make_run(tmp_path / "unet")]).splitlines()[-1]
    assert last.startswith(f"galaxies/parameters: {sentence}")


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


def test_what_cuts_removed_is_told_for_each_selection(tmp_path):
    tables = {"model/0": (3, 40), "model/1": (4, 50), "other/0": (1, 9)}
    paths = [tmp_path / "stars" / "selections" / f"{name}.csv" for name in tables]
    for path, (real, injected) in zip(paths, tables.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        more = "" if path.parent.name == "model" else "size,2,2\n"
        path.write_text(f"cut,real,injected\nnot detected,0,{injected}\n{more}kept,{real},7\n")
    (table,) = read_selections(paths)
    assert table == (
        "stars",
        ["model", "other"],
        ["real", "injected"],
        [("not detected", 0, 90, 0, 9), ("size", 0, 0, 2, 2), ("kept", 7, 14, 1, 7)],
    )
    write_report(tmp_path / "report.html", [make_run(tmp_path / "run")], cuts=paths)
    shown = (tmp_path / "report.html").read_text()
    assert "How the objects were chosen" not in shown  # another experiment's
    run = make_run(tmp_path / "stars" / "runs" / "a", experiment="stars")
    write_report(tmp_path / "report.html", [run], cuts=paths)
    shown = (tmp_path / "report.html").read_text()
    assert '<th scope="row">not detected</th><td>0</td><td>90</td><td>0</td><td>9</td>' in shown


def test_what_networks_say_of_other_stamps_is_shown_with_its_pictures(tmp_path):
    folder = tmp_path / "voids" / "applications"
    folder.mkdir(parents=True)
    (folder / "sky.csv").write_text("id,outside,warning\na,True,outside\nb,False,\nc,False,noise\n")
    with figures.drawing(folder / "sky.svg", 2, 2) as figure:
        figure.subplots()
    runs = [make_run(tmp_path / "unet")]
    write_report(tmp_path / "report.html", runs, applications=[folder / "sky.csv"])
    page = (tmp_path / "report.html").read_text()
    assert "What networks say of sky" in page
    told = "3 galaxies: 1 outside the training distribution, 1 more with a warning."
    assert told in page
    assert 'alt="Images of sky with predicted numbers"' in page
