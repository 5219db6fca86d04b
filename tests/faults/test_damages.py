"""Damages of every kind of file of the results: what reads the file and `verify` notice each."""

import shutil
from pathlib import Path

import pytest

from cosmodag.errors import InputError
from cosmodag.evaluation.verification import verify_results
from tests.faults.artefacts import ARTEFACTS, UNREAD, write_results
from tests.faults.damages import DAMAGES, damage

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return write_results(tmp_path_factory.mktemp("damages") / "results")


@pytest.fixture
def damaged(results, request):
    """Damage a file of the results; restore it at the end."""
    artefact, kind = request.param
    path = results / artefact[0]
    kept = path.with_name(f".{path.name}.kept")
    shutil.copy2(path, kept)
    try:
        yield damage(results, *artefact[:2], kind), artefact
    finally:
        path.unlink(missing_ok=True)
        kept.rename(path)


def cases(artefacts: list) -> list:
    """Every damage of every artefact; one of five without the mark of long attacks."""
    pairs = [(artefact, kind) for artefact in artefacts for kind in DAMAGES]
    return [
        pytest.param(
            pair, id=f"{pair[0][0]} {pair[1]}", marks=[pytest.mark.attack] if number % 5 else []
        )
        for number, pair in enumerate(pairs)
    ]


def noticed(results: Path, path: Path) -> bool:
    """Return whether `verify` lists a file, or what it belongs to if it is gone."""
    found = verify_results(results).problems
    return path in found if path.exists() else bool(found)


def test_undamaged_results_are_as_made(results):
    found = verify_results(results)
    assert not found.problems
    assert not found.elsewhere
    assert found.n_files > 100
    for artefact in ARTEFACTS:
        artefact.read(results)
    assert not verify_results(results).problems


@pytest.mark.parametrize("damaged", cases(ARTEFACTS), indirect=True)
def test_damages_are_noticed_by_what_reads_the_file_and_by_verify(damaged, results):
    path, artefact = damaged
    assert noticed(results, path)
    with pytest.raises(InputError) as caught:
        artefact.read(results)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damaged", cases(UNREAD), indirect=True)
def test_damages_of_files_for_people_are_noticed_by_verify(damaged, results):
    path, _ = damaged
    assert noticed(results, path)


@pytest.mark.parametrize("kind", sorted(set(DAMAGES) - {"remove"}))
def test_damages_of_the_report_are_noticed_by_verify(results, kind):
    path = results / "report.html"
    content = path.read_bytes()
    try:
        assert noticed(results, damage(results, "report.html", "voids/report.html", kind))
    finally:
        path.write_bytes(content)


def test_foreign_files_are_noticed(results):
    path = results / "voids/runs/r0/notes.txt"
    path.write_text("mine\n")
    try:
        assert path in verify_results(results).problems
    finally:
        path.unlink()


def test_edited_sources_are_noticed(results):
    path = results.parent / "data/0_0.csv"
    content = path.read_text()
    path.write_text(content + "1.0,2.0,3.0\n")
    try:
        (galaxies,) = verify_results(results).problems
    finally:
        path.write_text(content)
    assert galaxies == results / "voids/sources/mock/galaxies_0.h5"


def test_results_verify_where_they_were_moved(results, tmp_path):
    shutil.copytree(results, tmp_path / "moved")
    found = verify_results(tmp_path / "moved")
    assert not found.problems
    assert found.elsewhere  # the sources did not move along
