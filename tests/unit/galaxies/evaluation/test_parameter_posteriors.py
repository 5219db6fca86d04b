"""Baselines of joint posteriors of galaxy parameters see photometric features."""

import numpy as np
import pandas as pd
import torch

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.galaxies.evaluation.parameter_posteriors import ParameterPosteriorEvaluation

COLUMNS = ["magnitude", "log_radius"]


def stamps(n: int, seed: int) -> Examples:
    """Gaussian galaxies in two bands with noise."""
    random = np.random.default_rng(seed)
    y = np.column_stack([random.uniform(-2, 0, n), random.uniform(0.2, 0.8, n)])
    flux, radius = (10 ** each[:, None, None] for each in (-0.4 * y[:, 0] + 2, y[:, 1]))
    place = np.arange(24) - 12
    light = flux / radius**2 * np.exp(-(np.hypot(*np.meshgrid(place, place)) ** 2) / 2 / radius**2)
    x = np.stack([light, light], -1) + random.normal(size=(n, 24, 24, 2))
    index = pd.DataFrame(y, columns=COLUMNS).assign(group=[f"{seed}-{k}" for k in range(n)])
    return Examples(x.astype(np.float32), y.astype(np.float32), index, ("g_image", "r_image"))


def test_posteriors_follow_from_apertures_and_moments():
    task = {"name": "posterior", "columns": COLUMNS, "mean": [-1.0, 0.5], "std": [0.6, 0.17]}
    evaluation = make_evaluation("galaxies", task)
    assert isinstance(evaluation, ParameterPosteriorEvaluation)
    splits = {"train": stamps(150, 0), "valid": stamps(60, 1), "test": stamps(60, 2)}
    fitted = evaluation.fit(splits, seed=1)
    described = torch.as_tensor(fitted["summaries"].test)
    mean = evaluation.posterior.predict(described)["mean"]
    error = np.std(mean - splits["test"].y, axis=0) / splits["test"].y.std(0)
    assert (error < 0.3).all()
