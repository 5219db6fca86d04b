"""Bricks that adjoin on the sky are split by regions with a buffer between the sets."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.folder import read_index
from cosmodag.datasets.shards import write_dataset
from cosmodag.datasets.sky_regions import with_regions
from cosmodag.errors import InputError
from cosmodag.evaluation.evaluate import split_notes
from cosmodag.imaging.sky_positions import unit_vectors
from tests.faults import leaks

HALF_SIDE = 8.384  # of 64 pixels
WIDTH, SPACING = 943.2, 900.0  # arcsec, of bricks of the Legacy Surveys


def bricks(width=WIDTH, spacing=SPACING, *, per_row=6, members=40, dec=30.0) -> leaks.Data:
    """Return stamps in a block of bricks that is centred on the meridian."""
    row, column = np.divmod(np.repeat(np.arange(per_row**2), members), per_row)
    random = np.random.default_rng(1)
    x, y = random.uniform(-width / 2, width / 2, (2, len(row)))
    dec = dec + (row * spacing + y) / 3600
    ra = ((column - (per_row - 1) / 2) * spacing + x) / 3600 / np.cos(np.radians(dec)) % 360
    data = leaks.plain(1, len(row), per_row**2, ra=ra, dec=dec)
    return data._replace(attributes={"half_side": HALF_SIDE})


def smallest_distance(index: pd.DataFrame) -> float:
    """Return the smallest distance in arcsec between objects of different splits."""
    position = unit_vectors(index["ra"].to_numpy(), index["dec"].to_numpy())
    angle = 2 * np.arcsin(np.linalg.norm(position[:, None] - position, axis=2) / 2)
    split = index["split"].to_numpy()
    return float(np.degrees(angle[split[:, None] != split]).min() * 3600)


@pytest.mark.parametrize("width", [WIDTH, WIDTH / 20])
def test_sets_of_adjoining_bricks_share_no_sky(tmp_path, width):
    data = bricks(width, width * SPACING / WIDTH)._replace(
        attributes={"half_side": HALF_SIDE * min(1, width / 400)}
    )
    half_side = data.attributes["half_side"]
    file = leaks.write(tmp_path / "examples.h5", data)
    description = write_dataset([file], tmp_path / "dataset")
    index = read_index(tmp_path / "dataset")
    assert smallest_distance(index) > 2 * np.sqrt(2) * half_side + 2 * half_side
    assert len(description["groups"]["test"]) >= 5
    assert 0 < description["dropped"] < 0.4 * len(data.x)
    dropped = pd.read_csv(tmp_path / "dataset" / "dropped.csv")
    assert len(dropped) == len(data.x) - len(index)
    assert dropped["reason"].str.startswith("within ").all()
    (note,) = split_notes(description)
    assert f"{description['region_width']:.3g}° wide" in note
    assert f"{len(dropped)} of 1,440 objects are left out" in note


def test_the_survey_decides_the_width_of_regions():
    small = pd.DataFrame(bricks().columns).assign(half_side=HALF_SIDE)
    regions, width = with_regions(small, 2 * HALF_SIDE)
    assert width == 0.25
    assert regions["group"].nunique() >= 50
    random = np.random.default_rng(2)
    large = pd.DataFrame({"ra": random.uniform(0, 60, 6000), "dec": random.uniform(0, 40, 6000)})
    large["group"] = (large["ra"] // 0.25 + 1000 * (large["dec"] // 0.25)).astype(str)
    large = large.assign(id=range(6000), half_side=200.0, group=large["group"])
    large = pd.concat([large, large.assign(ra=large["ra"] + 0.01)])
    assert with_regions(large, 20.0)[1] == 4.0


def test_groups_that_do_not_adjoin_stay(tmp_path):
    apart = bricks(WIDTH, 2 * SPACING)
    file = leaks.write(tmp_path / "examples.h5", apart)
    description = write_dataset([file], tmp_path / "dataset")
    assert "region_width" not in description
    assert description["dropped"] == 0
    assert split_notes(description) == []
    assert set(read_index(tmp_path / "dataset")["group"]) == set(apart.columns["group"])


def test_single_objects_stay_groups_of_their_own():
    index = pd.DataFrame(bricks().columns).assign(half_side=HALF_SIDE)
    alone = index.assign(group=index["id"])
    assert with_regions(alone, 2 * HALF_SIDE)[1] == 0
    assert with_regions(alone, 2 * HALF_SIDE, 0.5)[1] == 0.5


def test_without_regions_or_buffer_what_is_shared_is_refused(tmp_path):
    file = leaks.write(tmp_path / "examples.h5", bricks())
    with pytest.raises(InputError, match=r"sky shared between splits.*one group"):
        write_dataset([file], tmp_path / "dataset", region_width=0)
    with pytest.raises(InputError, match=r"sky shared between splits.*larger buffer"):
        write_dataset([file], tmp_path / "dataset", buffer=0)


def test_regions_need_positions_and_a_sensible_width():
    index = pd.DataFrame({"id": ["a", "b"], "group": ["g", "g"]})
    with pytest.raises(InputError, match=r"region_width is 0\.5, but .* no positions"):
        with_regions(index, 0.0, 0.5)
    placed = index.assign(ra=1.0, dec=2.0, half_side=1.0)
    with pytest.raises(InputError, match=r"region_width is 1e-05: give 0\.001 to 180 degrees"):
        with_regions(placed, 0.0, 1e-5)
