"""A survey of bricks that overlap as those of the Legacy Surveys is cut and split as it is."""

import numpy as np

from cosmodag.datasets.folder import read_index
from cosmodag.datasets.shards import write_dataset
from cosmodag.imaging.sky_positions import unit_vectors
from cosmodag.injections.cutouts.brick_stamps import cut_stamps
from cosmodag.injections.selection.brick_selection import read_objects
from cosmodag.injections.selection.survey_selection import select_survey
from cosmodag.injections.simulation.survey_simulation import simulate_surveys
from cosmodag.injections.simulation.survey_writer import InjectionRun

SIDE = 8


def test_36_adjoining_bricks_share_no_sky_between_sets(tmp_path):
    run = InjectionRun(tmp_path / "sky")
    simulate_surveys([run], bricks=range(36), size=96, seed=2, density=30, tiles_per_row=6)
    select_survey(run.root, tmp_path / "o.parquet", tmp_path / "o.csv")
    objects = read_objects(tmp_path / "o.parquet")
    assert objects["brick"].nunique() > 30
    assert (objects["ra"] > 359).any()  # the survey crosses the meridian
    assert (objects["ra"] < 1).any()
    cut_stamps(objects, run.root, tmp_path / "c.h5", scratch=tmp_path / "s", side=SIDE)
    description = write_dataset([tmp_path / "c.h5"], tmp_path / "dataset")
    index = read_index(tmp_path / "dataset")
    position = unit_vectors(index["ra"].to_numpy(), index["dec"].to_numpy())
    distance = np.linalg.norm(position[:, None] - position, axis=2)
    split = index["split"].to_numpy()
    nearest = np.degrees(distance[split[:, None] != split].min()) * 3600
    half_side = SIDE * 0.262 / 2
    assert nearest > 2 * np.sqrt(2) * half_side + 2 * half_side
    assert len(description["groups"]["test"]) >= 5
    assert set(index.loc[split == "test", "label"]) == {0, 1}
    assert description["dropped"] < len(index)
