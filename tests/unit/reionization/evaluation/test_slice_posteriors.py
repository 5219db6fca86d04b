"""Baselines of posteriors of slices see their histogram and power spectrum."""

import numpy as np
import pandas as pd
import torch

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.reionization.evaluation.slice_evaluations import SlicePosteriorEvaluation

RANGE = (0.5, 2.0)


def slices(n: int, seed: int) -> Examples:
    """White noise whose standard deviation is the parameter."""
    random = np.random.default_rng(seed)
    scale = random.uniform(*RANGE, n)
    x = scale[:, None, None, None] * random.normal(size=(n, 16, 16, 1))
    index = pd.DataFrame({"scale": scale, "group": [f"{seed}-{k}" for k in range(n)]})
    y = scale[:, np.newaxis].astype(np.float32)
    return Examples(x.astype(np.float32), y, index, ("brightness_temperature",))


def test_posteriors_follow_from_statistics_of_slices():
    task = {"name": "posterior", "columns": ["scale"], "mean": [1.25], "std": [0.43]}
    evaluation = make_evaluation("reionization", task | {"ranges": {"scale": RANGE}})
    assert isinstance(evaluation, SlicePosteriorEvaluation)
    splits = {"train": slices(150, 0), "valid": slices(60, 1), "test": slices(60, 2)}
    fitted = evaluation.fit(splits, seed=1)
    assert {"prior", "spectrum_likelihood", "summaries_likelihood"} < set(fitted)
    for name in ("spectrum", "summaries"):
        described = torch.as_tensor(fitted[name].test)
        mean = evaluation.posterior.predict(described)["mean"]
        assert np.std(mean - splits["test"].y) < 0.3 * splits["test"].y.std()
