"""Simulated surveys on the disk."""

import json

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_catalogues import read_simcat, read_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles, injection_runs, read_bricks
from cosmodag.injections.bricks.brick_images import read_images
from cosmodag.injections.simulation.brick_simulation import brick_name
from cosmodag.injections.simulation.galaxy_rendering import ImagePsf
from cosmodag.injections.simulation.survey_simulation import (
    Survey,
    observe_survey,
    simulate_surveys,
)

SIZE = 128
BRICKS = [3, 4]


@pytest.fixture(scope="module")
def surveys(tmp_path_factory):
    """Surveys of one sky: the null, a simpler population, and each flaw."""
    root = tmp_path_factory.mktemp("surveys")
    surveys = {
        "null": Survey(root / "null"),
        "model": Survey(root / "model", "model"),
        **{flaw: Survey(root / flaw, "real", flaw) for flaw in ("position", "ivar", "psf")},
    }
    simulate_surveys(list(surveys.values()), bricks=BRICKS, size=SIZE, seed=7)
    return surveys


def files(survey, number=3, injected=True):
    """Files of a brick."""
    return BrickFiles(survey.root, brick_name(number), survey.run if injected else None)


def stamps(root):
    """When each file was written."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_a_survey_folder_is_as_the_legacy_surveys_lay_it_out(surveys):
    for survey in surveys.values():
        assert read_bricks(survey.root / "survey-bricks.fits") == ["0008p001", "0011p001"]
        assert injection_runs(survey.root, "0008p001") == ["rs0"]
        for injected in (False, True):
            images = read_images(files(survey, injected=injected))
            assert images.image.shape == (3, SIZE, SIZE)
            assert (images.psf_size > 1).all()
            assert len(read_tractor(files(survey, injected=injected).tractor)) > 0
        assert len(read_simcat(files(survey).simcat)) > 0


def test_surveys_share_the_sky_and_its_files(surveys):
    null = files(surveys["null"], injected=False)
    for survey in surveys.values():
        mine = files(survey, injected=False)
        assert mine.coadd("image", "g").samefile(null.coadd("image", "g"))
        assert mine.coadd("psfsize", "g").samefile(null.coadd("psfsize", "g"))
    null = files(surveys["null"])
    assert files(surveys["position"]).coadd("invvar", "r").samefile(null.coadd("invvar", "r"))
    assert files(surveys["ivar"]).coadd("image", "r").samefile(null.coadd("image", "r"))
    before = files(surveys["ivar"], injected=False)
    assert files(surveys["ivar"]).coadd("invvar", "r").samefile(before.coadd("invvar", "r"))
    assert not files(surveys["psf"]).coadd("image", "r").samefile(null.coadd("image", "r"))


def test_wrong_positions_are_written_in_both_catalogues(surveys):
    right, wrong = files(surveys["null"]), files(surveys["position"])
    for read, x, y in ((read_tractor, "bx", "by"), (read_simcat, "x", "y")):
        first, second = (
            (read(path.tractor) if read is read_tractor else read(path.simcat))
            for path in (right, wrong)
        )
        np.testing.assert_allclose(second[x], first[x] + 1, rtol=1e-6)
        np.testing.assert_allclose(second[y], first[y], rtol=1e-6)


def test_a_finished_brick_is_left_and_a_missing_one_made_again(surveys):
    root = surveys["null"].root.parent
    before = stamps(root)
    lost = files(surveys["psf"], 4).tractor
    content = lost.read_bytes()
    lost.unlink()
    simulate_surveys(list(surveys.values()), bricks=BRICKS, size=SIZE, seed=7)
    after = stamps(root)
    assert lost.read_bytes() == content
    of_brick = [path for path in before if brick_name(3) in path.name]
    assert of_brick
    assert all(before[path] == after[path] for path in of_brick)


def test_a_brick_depends_on_its_number_and_the_seed_alone(surveys, tmp_path):
    again = Survey(tmp_path / "again", "real", "psf")
    simulate_surveys([again], bricks=[4], size=SIZE, seed=7)
    for injected in (False, True):
        first = read_images(files(surveys["psf"], 4, injected))
        second = read_images(files(again, 4, injected))
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.ivar, second.ivar)


def test_runs_of_one_survey_inject_other_galaxies(tmp_path):
    runs = [Survey(tmp_path / "s", run=f"rs{run}") for run in range(2)]
    simulate_surveys(runs, bricks=[3], size=SIZE, seed=7)
    assert injection_runs(tmp_path / "s", brick_name(3)) == ["rs0", "rs1"]
    first, second = (read_simcat(files(run).simcat)["x"].to_numpy() for run in runs)
    assert len(first) != len(second) or not np.allclose(first, second)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"population": "reel"}, "did you mean 'real'"),
        ({"flaw": "noise!"}, "did you mean 'noise'"),
        ({"run": "../rs0"}, "no name of a run"),
    ],
)
def test_an_impossible_survey_is_named(tmp_path, change, culprit):
    with pytest.raises(InputError, match=culprit):
        simulate_surveys([Survey(tmp_path / "s")._replace(**change)], bricks=[1], size=SIZE, seed=1)
    assert not (tmp_path / "s").exists()


def test_a_folder_of_another_simulation_is_refused(surveys):
    with pytest.raises(InputError, match=r"seed is 7, asked for is 8"):
        simulate_surveys([surveys["null"]], bricks=BRICKS, size=SIZE, seed=8)
    record = json.loads((surveys["null"].root / "simulation.json").read_text())
    assert record["seed"] == 7


@pytest.mark.data
def test_galaxies_are_injected_into_a_real_image_with_its_own_psf(data_folder, tmp_path):
    reader = pytest.importorskip("cosmodag.injections.bricks.multiband_image")
    folder = data_folder / "injections"
    images, psf = reader.read_survey_cutout(
        folder / "cutout_59.1067_-30.4848.fits", psf_path=folder / "copsf_59.1067_-30.4848.fits"
    )
    observe_survey(images, ImagePsf(psf), root=tmp_path / "s", brick="0591m305", seed=1, runs=2)
    assert injection_runs(tmp_path / "s", "0591m305") == ["rs0", "rs1"]
    real = BrickFiles(tmp_path / "s", "0591m305")
    np.testing.assert_array_equal(read_images(real).image, images.image)
    run = real._replace(run="rs0")
    injected, simcat = read_images(run), read_simcat(run.simcat)
    flux = simcat["rflux"].sum()
    assert (injected.image - images.image)[1].sum() == pytest.approx(flux, rel=0.15)
    assert len(read_tractor(run.tractor)) > len(read_tractor(real.tractor))
