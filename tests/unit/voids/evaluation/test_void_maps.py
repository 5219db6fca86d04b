"""What baselines and figures see of the examples of void maps."""

import numpy as np
import pandas as pd

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.evaluation.void_maps import only_galaxies


def test_baselines_of_sub_boxes_see_neither_fields_nor_margins():
    shape = MapShape(8, 8, layers=2, margin_depth=4)
    channels = tuple(shape.x_channels(["smoothed_4", "matter_mean_8"]))
    x = np.broadcast_to(np.arange(len(channels), dtype=np.float32), (3, 8, 8, len(channels)))
    examples = Examples(x, np.zeros((3, 2, 2), bool), pd.DataFrame(index=range(3)), channels)
    seen = only_galaxies(examples)
    assert seen.channels == ("overdensity_0", "overdensity_1")
    np.testing.assert_array_equal(seen.x[0, 0, 0], np.arange(len(channels))[shape.within])
    assert only_galaxies(seen) is seen
