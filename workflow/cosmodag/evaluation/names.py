"""Titles of scores and baselines."""

import functools
from collections.abc import Mapping

from cosmodag import experiments
from cosmodag.experiments import Score

SHARED_SCORES: Mapping[str, Score] = {
    "mcc": Score("Matthews correlation", "higher"),
    "f1": Score("F1 (Dice)", "higher"),
    "iou": Score("intersection over union", "higher"),
    "average_precision": Score("average precision", "higher"),
    "brier": Score("Brier score", "lower"),
    "brier_skill": Score("Brier skill score", "higher"),
    "expected_calibration_error": Score("expected calibration error", "lower"),
    "prediction_min": Score("lowest prediction"),
    "prediction_p01": Score("1st percentile of predictions"),
    "prediction_p99": Score("99th percentile of predictions"),
    "prediction_max": Score("highest prediction"),
    "prediction_std": Score("standard deviation of predictions"),
    "r2": Score("R²", "higher"),
    "rmse": Score("root mean square error", "lower"),
    "bias": Score("bias"),
    "slope": Score("slope on the truth"),
    "correlation": Score("correlation"),
    "coverage_68": Score("coverage of the 68 % interval"),
    "coverage_95": Score("coverage of the 95 % interval"),
    "information_gain": Score("information gain in nats", "higher"),
    "figure_of_merit": Score("figure of merit", "higher"),
    "credible_68": Score("coverage of the 68 % region"),
    "credible_95": Score("coverage of the 95 % region"),
    "auc": Score("area under the ROC curve", "higher"),
    "accuracy": Score("accuracy", "higher"),
    "mae": Score("mean absolute error", "lower"),
    "mae_skill": Score("reduction of the mean absolute error", "higher"),
    "crps": Score("continuous ranked probability score", "lower"),
    "log_loss": Score("log loss", "lower"),
    "mse": Score("mean squared error", "lower"),
    "explained_variance": Score("explained variance", "higher"),
    "light_mse": Score("mean squared error against noise-free images", "lower"),
    "light_explained_variance": Score("explained variance of noise-free images", "higher"),
    "ssim": Score("structural similarity", "higher"),
}

SHARED_BASELINES: Mapping[str, str] = {
    "all_void": "the base rate everywhere",
    "smoothed_density": "a threshold on smoothed density",
    "tidal": "the tidal tensor of the density",
    "trees": "boosted trees on density features",
    "index_only": "the position alone",
    "mean": "the training mean",
    "ridge": "ridge regression on density features",
    "shares": "the class frequencies",
    "discriminant": "linear discriminant of image statistics",
    "neighbours": "nearest neighbours after PCA",
    "seed_only": "the simulation's seed alone",
    "principal": "principal components",
    "cosines": "largest cosine coefficients",
    "coarse": "lowest cosine coefficients",
    "prior": "the prior",
    "spectrum": "a perceptron on the power spectrum",
    "spectrum_likelihood": "a Gaussian likelihood of the power spectrum",
    "summaries": "a perceptron on summary statistics",
    "summaries_likelihood": "a Gaussian likelihood of summary statistics",
}


@functools.cache
def scores() -> dict[str, Score]:
    """Return the scores of all experiments by name."""
    return {**SHARED_SCORES, **{k: v for e in experiments.declared() for k, v in e.scores.items()}}


@functools.cache
def baselines() -> dict[str, str]:
    """Return the titles of the baselines of all experiments by name."""
    own = {k: v for e in experiments.declared() for k, v in e.baselines.items()}
    return {**SHARED_BASELINES, **own}


def better(name: str) -> str | None:
    """Return whether "higher" or "lower" values of a score are better; None for neither."""
    score = scores().get(split_score(name)[1])
    return score.better if score else None


def split_score(name: str) -> tuple[str, str]:
    """Split the score of one of several columns, "count_matter.r2", into column and score."""
    column, _, score = name.rpartition(".")
    return column, score


def score_title(name: str) -> str:
    """Return the title of a score, with its column where there are several."""
    column, score = split_score(name)
    title = scores()[score].title if score in scores() else score.replace("_", " ")
    column = column.removesuffix("_class").replace("_", " ")
    return f"{title} of {column}" if column else title


def baseline_title(name: str) -> str:
    """Return the title of a baseline."""
    return baselines().get(name, name.replace("_", " "))
