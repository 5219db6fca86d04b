"""Baseline: ridge regression of numbers of voids on finders and reconstructed matter.

The features of a sub-box are the number and the volume of the voids centred in it by each of the
finders of `stack`, and the means of its fields.
"""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cosmodag.evaluation.baselines.examples import Predictions
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.stack_features import box_fields, find_voids
from cosmodag.voids.baselines.sub_box_maps import count_voids, map_mesh
from cosmodag.voids.baselines.whole_boxes import open_whole_boxes

NAME = "stack_ridge"
PENALTIES = tuple(10.0**power for power in range(5))
"""Penalties of the coefficients of standardized features that are tried on validation."""


def fit(examples: BoxExamples, searches: BoxSearches, *, seed: int = 0) -> Predictions:
    """Predict numbers by a linear combination of features of the whole boxes.

    The penalty is that of the least squared error on validation.

    Parameters
    ----------
    examples : BoxExamples
        `y` holds numbers (N,).
    searches : BoxSearches
        Those of the label of the examples.
    seed : int
        Without effect: that of the reconstruction is the searches'.

    Raises
    ------
    InputError
        The matter cannot be reconstructed.
    """
    searches.reconstruction.check()
    train, valid, test = (
        sub_box_features(examples, searches, split) for split in ("train", "valid", "test")
    )
    truth = examples.splits["valid"].y
    fitted = [
        make_pipeline(StandardScaler(), Ridge(penalty)).fit(train, examples.splits["train"].y)
        for penalty in PENALTIES
    ]
    errors = [float(np.sqrt(np.mean((each.predict(valid) - truth) ** 2))) for each in fitted]
    best = int(np.argmin(errors))
    on_valid, on_test = (fitted[best].predict(each).astype(np.float32) for each in (valid, test))
    return Predictions(on_valid, on_test, errors[best])


def sub_box_features(examples: BoxExamples, searches: BoxSearches, split: str) -> np.ndarray:
    """Return the features of each sub-box of a split.

    Parameters
    ----------
    examples : BoxExamples
    searches : BoxSearches
    split : {"train", "valid", "test"}

    Returns
    -------
    numpy.ndarray, shape (N, F), float64
    """
    index = examples.splits[split].index
    rows, features = [], []
    for box in open_whole_boxes(examples.sources, examples.label, index):
        some = index.iloc[box.rows]
        columns: list[np.ndarray] = []
        for voids in find_voids(box, searches):
            columns += count_voids(voids, some).values()
        for mesh in box_fields(box, searches):
            columns.append(map_mesh(mesh, some, (1, 1), box.files.cells)[:, 0, 0])
        rows.append(box.rows)
        features.append(np.column_stack(columns))
    order = np.argsort(np.concatenate(rows))
    return np.concatenate(features)[order]
