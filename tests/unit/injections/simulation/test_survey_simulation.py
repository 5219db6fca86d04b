"""Simulated surveys on disk."""

import json

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_catalogues import read_simcat, read_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles, injection_runs, read_brick_list
from cosmodag.injections.bricks.brick_images import read_images
from cosmodag.injections.simulation.brick_grid import brick_name
from cosmodag.injections.simulation.psf import ImagePsf
from cosmodag.injections.simulation.survey_simulation import inject_into_observed, simulate_surveys
from cosmodag.injections.simulation.survey_writer import InjectionRun

SIZE = 128
BRICKS = [3, 4]


@pytest.fixture(scope="module")
def surveys(tmp_path_factory):
    """Surveys of one sky: the null, a simpler population, and three flaws."""
    root = tmp_path_factory.mktemp("surveys")
    surveys = {
        "null": InjectionRun(root / "null"),
        "model": InjectionRun(root / "model", "model"),
        **{flaw: InjectionRun(root / flaw, "real", flaw) for flaw in ("position", "ivar", "psf")},
    }
    simulate_surveys(list(surveys.values()), bricks=BRICKS, size=SIZE, seed=7)
    return surveys


def files(run, number=3, injected=True):
    """Return the paths of a brick."""
    return BrickFiles(run.root, brick_name(number), run.name if injected else None)


def modification_times(root):
    """Return the modification time of each file."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_survey_folder_has_the_layout_of_the_legacy_surveys(surveys):
    for survey in surveys.values():
        assert read_brick_list(survey.root / "survey-bricks.fits") == ["0008p001", "0011p001"]
        assert injection_runs(survey.root, "0008p001") == ["rs0"]
        for injected in (False, True):
            images = read_images(files(survey, injected=injected))
            assert images.image.shape == (3, SIZE, SIZE)
            assert (images.psf_size > 1).all()
            assert len(read_tractor(files(survey, injected=injected).tractor)) > 0
        assert len(read_simcat(files(survey).simcat)) > 0


def test_surveys_of_one_sky_share_files(surveys):
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


def test_position_flaw_changes_both_catalogues(surveys):
    right, wrong = files(surveys["null"]), files(surveys["position"])
    for read, x, y in ((read_tractor, "bx", "by"), (read_simcat, "x", "y")):
        first, second = (
            (read(path.tractor) if read is read_tractor else read(path.simcat))
            for path in (right, wrong)
        )
        np.testing.assert_allclose(second[x], first[x] + 1, rtol=1e-6)
        np.testing.assert_allclose(second[y], first[y], rtol=1e-6)


def test_complete_bricks_are_kept_and_missing_ones_simulated_again(surveys):
    root = surveys["null"].root.parent
    before = modification_times(root)
    lost = files(surveys["psf"], 4).tractor
    content = lost.read_bytes()
    lost.unlink()
    simulate_surveys(list(surveys.values()), bricks=BRICKS, size=SIZE, seed=7)
    after = modification_times(root)
    assert lost.read_bytes() == content
    of_brick = [path for path in before if brick_name(3) in path.name]
    assert of_brick
    assert all(before[path] == after[path] for path in of_brick)


def test_brick_depends_on_its_number_and_the_seed_only(surveys, tmp_path):
    again = InjectionRun(tmp_path / "again", "real", "psf")
    simulate_surveys([again], bricks=[4], size=SIZE, seed=7)
    for injected in (False, True):
        first = read_images(files(surveys["psf"], 4, injected))
        second = read_images(files(again, 4, injected))
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.ivar, second.ivar)


def test_runs_of_one_survey_inject_different_galaxies(tmp_path):
    runs = [InjectionRun(tmp_path / "s", name=f"rs{run}") for run in range(2)]
    simulate_surveys(runs, bricks=[3], size=SIZE, seed=7)
    assert injection_runs(tmp_path / "s", brick_name(3)) == ["rs0", "rs1"]
    first, second = (read_simcat(files(run).simcat)["x"].to_numpy() for run in runs)
    assert len(first) != len(second) or not np.allclose(first, second)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"population": "reel"}, "did you mean 'real'"),
        ({"flaw": "noise!"}, "did you mean 'noise'"),
        ({"name": "../rs0"}, "is not the name of a run"),
    ],
)
def test_invalid_runs_are_reported(tmp_path, change, culprit):
    with pytest.raises(InputError, match=culprit):
        simulate_surveys(
            [InjectionRun(tmp_path / "s")._replace(**change)], bricks=[1], size=SIZE, seed=1
        )
    assert not (tmp_path / "s").exists()


def test_folder_of_another_simulation_is_refused(surveys):
    with pytest.raises(InputError, match=r"seed is 7, requested is 8"):
        simulate_surveys([surveys["null"]], bricks=BRICKS, size=SIZE, seed=8)
    record = json.loads((surveys["null"].root / "simulation.json").read_text())
    assert record["seed"] == 7


@pytest.mark.data
def test_galaxies_are_injected_into_a_real_image_with_its_psf(data_folder, tmp_path):
    reader = pytest.importorskip("cosmodag.injections.bricks.multiband_image")
    folder = data_folder / "injections"
    images, psf = reader.read_multiband_image(
        folder / "cutout_59.1067_-30.4848.fits", psf_path=folder / "copsf_59.1067_-30.4848.fits"
    )
    runs = [InjectionRun(tmp_path / "s", "model", name=f"rs{run}") for run in range(2)]
    inject_into_observed(images, ImagePsf(psf), runs, brick="0591m305", seed=1)
    assert injection_runs(tmp_path / "s", "0591m305") == ["rs0", "rs1"]
    real = BrickFiles(tmp_path / "s", "0591m305")
    np.testing.assert_array_equal(read_images(real).image, images.image)
    run = real._replace(run="rs0")
    injected, simcat = read_images(run), read_simcat(run.simcat)
    flux = simcat["rflux"].sum()
    assert (injected.image - images.image)[1].sum() == pytest.approx(flux, rel=0.15)
    assert len(read_tractor(run.tractor)) > len(read_tractor(real.tractor))
