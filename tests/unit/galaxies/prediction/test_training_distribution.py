"""Detection of images outside the training distribution."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cosmodag.datasets.examples import open_examples
from cosmodag.datasets.shards import write_dataset
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.prediction.training_distribution import TrainingDistribution
from cosmodag.galaxies.stamps.stamps_file import open_stamps_file
from tests.checksummed import hdf5_file
from tests.galaxy_runs import SIDE, simulate

ROW = {"psf": 0.3, "measured_noise": 0.003, "stamp_side": 30}


@pytest.fixture(scope="module")
def distribution(galaxy_runs):
    return TrainingDistribution(galaxy_runs / "datasets" / "stamps")


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Images of other galaxies of the same distribution."""
    folder = tmp_path_factory.mktemp("others")
    stamps = simulate(folder / "stamps.h5", count=300, seed=77)
    path = folder / "cutouts.h5"
    cut_galaxies(open_stamps_file(stamps), path, side=SIDE, conditions=["psf", "noise"])
    with open_examples([path]) as examples:
        return examples.read(np.arange(300))[0], examples.index["stamp_side"].to_numpy()


def changed(images: np.ndarray, change) -> np.ndarray:
    """Change the bands of images, but not their observing conditions."""
    bands = change(images[..., :3], np.random.default_rng(0))
    return np.concatenate([bands, images[..., 3:]], -1).astype(np.float32)


def test_about_one_percent_of_the_same_distribution_is_outside(distribution, others):
    distances, _ = distribution.distances(*others)
    assert np.mean(distances > 1) < 0.05  # the threshold is estimated from 80 images


@pytest.mark.parametrize(
    "change",
    [
        lambda x, random: np.ones_like(x),
        lambda x, random: random.normal(size=x.shape),
        lambda x, random: np.roll(x, (6, 4), (1, 2)),
        lambda x, random: x * (np.arange(SIDE) % 2)[:, None, None],
        lambda x, random: x * np.array([1, 30, 1]),
        lambda x, random: x[..., ::-1] + 10 * random.normal(size=x.shape),
    ],
    ids=["flat", "noise alone", "off the middle", "stripes", "colours", "noisier"],
)
def test_images_unlike_those_of_training_are_outside(distribution, others, change):
    images, sides = others
    distances, _ = distribution.distances(changed(images, change), sides)
    assert np.mean(distances > 1) > 0.8


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x, _: gaussian_filter(x, (0, 1, 1, 0)), "correlation of the noise"),
        (lambda x, _: x + np.roll(x, 10, 2), "asymmetric light"),
    ],
    ids=["correlated noise", "neighbour"],
)
def test_warnings_name_what_is_unlike_training(distribution, others, change, reason):
    images, sides = others
    distances, reasons = distribution.distances(changed(images, change), sides)
    assert np.mean(distances > 1) > 0.8
    assert np.mean([any(text.startswith(reason) for text in texts) for texts in reasons]) > 0.8


def test_features_that_are_constant_in_training_are_not_divided_by_zero(tmp_path):
    stamps = simulate(tmp_path / "stamps.h5", count=60, seed=3)
    cut_galaxies(open_stamps_file(stamps), tmp_path / "cut.h5", side=SIDE, conditions=["psf"])
    with open_examples([tmp_path / "cut.h5"]) as examples:
        x, sides = examples.read(np.arange(60))[0], examples.index["stamp_side"].to_numpy()
    with hdf5_file(tmp_path / "cut.h5", "r+") as file:
        file["x"][..., 3] = 3.0
    write_dataset([tmp_path / "cut.h5"], tmp_path / "dataset")
    distribution = TrainingDistribution(tmp_path / "dataset")
    same = np.concatenate([x[..., :3], np.full_like(x[..., 3:], 3.0)], -1)
    # The validation set is so small that about one in ten others exceeds its largest distance.
    assert np.mean(distribution.distances(same, sides)[0] <= 1) > 0.8
    assert np.all(distribution.distances(same + np.array([0, 0, 0, 0.5]), sides)[0] > 1)


def test_values_outside_their_training_range_have_a_warning(distribution):
    assert distribution.range_warnings(ROW, 0.1) == []
    (psf,) = distribution.range_warnings(ROW | {"psf": 0.6}, 0.1)
    assert psf.startswith("point-spread function of 6 pixels, training range 2")
    assert (
        distribution.range_warnings(ROW | {"psf": 0.6}, 0.2) == []
    )  # the PSF in pixels is what matters
    (noise,) = distribution.range_warnings(ROW | {"measured_noise": 0.1}, 0.1)
    assert noise.startswith("noise of 0.1 nanomaggies, training range 0.00")
    (side,) = distribution.range_warnings(ROW | {"stamp_side": 12}, 0.1)
    assert side == "stamp of 12 pixels, training range 24 to 32"
    assert distribution.range_warnings(ROW | {"stamp_side": 500}, 0.1) == []  # it is cropped
    without_psf = {name: value for name, value in ROW.items() if name != "psf"}
    assert distribution.range_warnings(without_psf, 0.1) == []
