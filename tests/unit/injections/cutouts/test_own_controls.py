"""Control experiments that are made of a survey's own images."""

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_catalogues import read_simcat, read_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.cutouts.brick_stamps import cut_stamps
from cosmodag.injections.cutouts.own_controls import control_objects, spoil
from cosmodag.injections.selection.brick_selection import read_objects
from cosmodag.injections.selection.survey_selection import select_survey
from cosmodag.injections.simulation.survey_simulation import simulate_surveys
from cosmodag.injections.simulation.survey_writer import InjectionRun

BANDS = ("g", "r", "z")


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A survey of three adjoining bricks, and its selected objects."""
    root = tmp_path_factory.mktemp("survey")
    run = InjectionRun(root / "sky")
    simulate_surveys([run], bricks=range(3), size=200, seed=5, tiles_per_row=3)
    select_survey(run.root, root / "o.parquet", root / "o.csv")
    return run.root, read_objects(root / "o.parquet")


def cut(survey, folder, control):
    root, objects = survey
    cut_stamps(
        objects, root, folder / f"{control}.h5", scratch=folder / "s", side=16, control=control
    )
    with h5py.File(folder / f"{control}.h5") as file:
        index = {name: file["index"][name][:] for name in ("id", "label", "group")}
        return dict(zip(index["id"].tolist(), file["x"][:])), index


def test_adjoining_bricks_overlap_as_those_of_the_legacy_surveys(survey):
    _, objects = survey
    ra = (objects["ra"] + 180) % 360 - 180
    centres = ra.groupby(objects["brick"]).mean().sort_values().to_numpy() * 3600
    np.testing.assert_allclose(np.diff(centres), 200 * 0.262 * 900 / 943.2, atol=8)
    assert -60 < centres[0] < -40  # the block is centred on the meridian


def test_half_of_the_real_objects_are_the_other_class(survey, tmp_path):
    unchanged, index = cut(survey, tmp_path, "unchanged")
    assert set(index["label"]) == {0, 1}
    assert abs(index["label"].mean() - 0.5) < 0.2
    assert all(b"/real/" in name for name in unchanged)
    spoiled = dict(zip(index["id"].tolist(), index["label"]))
    noisy, _ = cut(survey, tmp_path, "noise")
    shifted, _ = cut(survey, tmp_path, "position")
    for name, x in unchanged.items():
        if spoiled[name]:
            assert not np.array_equal(noisy[name], x)
            np.testing.assert_array_equal(noisy[name][..., 1::2], x[..., 1::2])
            if name in shifted:  # the stamp follows the catalogue, the object stays behind
                np.testing.assert_array_equal(shifted[name][:, :-1], x[:, 1:])
        else:
            np.testing.assert_array_equal(noisy[name], x)
            np.testing.assert_array_equal(shifted[name], x)


def test_spoiled_stamps_have_the_stated_noise_and_width(survey):
    _, objects = survey
    objects = objects.iloc[:200].assign(label=1, psfsize_g=1.5)
    rng = np.random.default_rng(3)
    shape = (2, len(objects), 64, 64)
    ivar = rng.uniform(1, 4, shape[1:])
    noise = np.stack([rng.standard_normal(shape[1:]) / np.sqrt(ivar), ivar]).astype(np.float32)
    noise[:, :, 0] = 0
    scatter = {}
    for control in ("unchanged", "noise", "psf", "ivar"):
        planes = noise.copy()
        spoil(planes, objects, control, ("g",), "0001p001")
        assert not planes[0, :, 0].any()
        scatter[control] = (planes[0] * np.sqrt(planes[1]))[:, 4:].std()
    assert scatter["unchanged"] == pytest.approx(1, abs=0.01)
    assert scatter["noise"] == pytest.approx(2, abs=0.02)
    assert scatter["psf"] == pytest.approx(1, abs=0.05)
    assert scatter["ivar"] == pytest.approx(np.sqrt(0.8), abs=0.01)
    sigma = 1.5 / 2.3548 / 0.262
    square = (np.arange(64) - 32.0) ** 2
    source = np.exp(-(square[:, None] + square) / 2 / sigma**2)
    planes = np.stack([np.broadcast_to(source, shape[1:]), np.full(shape[1:], 1e12)])
    planes = planes.astype(np.float32)
    spoil(planes, objects, "psf", ("g",), "0001p001")
    width = np.sqrt((planes[0, 0] * square).sum() / planes[0, 0].sum())
    assert width / sigma == pytest.approx(1.05, abs=0.002)


def test_blank_places_are_far_from_sources_and_injections_in_both_images(survey):
    root, objects = survey
    blank = control_objects(objects, "blank", root, 16, BANDS)
    assert len(blank) > 20
    np.testing.assert_array_equal(*(blank.loc[blank["label"] == k, "g"] for k in (0, 1)))
    for (brick, label), rows in blank.groupby(["brick", "label"]):
        run = BrickFiles(root, brick, "rs0")
        places = rows[["bx", "by"]].to_numpy()
        for files in (run, run._replace(run=None)):
            sources = read_tractor(files.tractor)[["bx", "by"]].to_numpy()
            assert np.linalg.norm(places[:, None] - sources, axis=2).min() > 10
        truth = read_simcat(run.simcat)[["x", "y"]].to_numpy()
        assert np.linalg.norm(places[:, None] - truth, axis=2).min() > 21
        assert (rows["run"] == ("rs0" if label else "")).all()


def test_unknown_controls_are_refused(survey):
    with pytest.raises(InputError, match="control 'blurred': choose from unchanged, position"):
        control_objects(survey[1], "blurred", survey[0], 16, BANDS)
