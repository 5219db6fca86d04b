"""How scores and baselines are called where people read them."""

SCORES = {
    "mcc": "Matthews correlation",
    "f1": "F1",
    "iou": "intersection over union",
    "average_precision": "average precision",
    "brier": "Brier score",
    "brier_skill": "Brier skill",
    "expected_calibration_error": "expected calibration error",
    "prediction_min": "lowest prediction",
    "prediction_p01": "1st percentile of predictions",
    "prediction_p99": "99th percentile of predictions",
    "prediction_max": "highest prediction",
    "prediction_std": "standard deviation of predictions",
    "r2": "R²",
    "rmse": "root mean square error",
    "bias": "bias",
    "slope": "slope on the truth",
    "correlation": "correlation",
    "coverage_68": "truth inside the 68 % interval",
    "coverage_95": "truth inside the 95 % interval",
    "auc": "area under the ROC curve",
    "accuracy": "accuracy",
}

LESS_IS_BETTER = {"brier", "expected_calibration_error", "rmse"}

# Scores of which more, or less, is better; the others describe.
RANKED = LESS_IS_BETTER | {
    "mcc",
    "f1",
    "iou",
    "average_precision",
    "brier_skill",
    "r2",
    "auc",
    "accuracy",
}

BASELINES = {
    "all_void": "the base rate everywhere",
    "smoothed_density": "a threshold on smoothed density",
    "tidal": "the tidal tensor of the galaxies",
    "trees": "boosted trees on density features",
    "index_only": "the position alone",
    "mean": "the training mean",
    "ridge": "ridge regression on density features",
    "rate": "the commoner class",
    "logistic": "logistic regression on the catalogue",
    "catalogue_trees": "boosted trees on the catalogue",
}

# Caption of each figure, by the beginning of its file's name.
FIGURES = {
    "maps": (
        "Galaxies that the network sees, the true voids and the predicted probability of a void, "
        "in unseen examples from the best predicted (top) to the worst, none picked by hand."
    ),
    "numbers": (
        "Predicted against true numbers in unseen examples, with 68 % intervals; on the grey line "
        "they are equal."
    ),
    "scores": (
        "The network beside simple methods on the same test examples; bars are 95 % intervals "
        "bootstrapped over independent groups."
    ),
    "reliability": (
        "Calibration: how often a pixel lies in a void, given the predicted probability; on the "
        "grey line predictions mean what they say. Below, how often each probability is predicted."
    ),
    "roc": (
        "How many injected objects are found, for so many real ones taken for injected, on unseen "
        "bricks; the band holds 95 % of replicas over bricks, the grey line is chance."
    ),
    "magnitudes": (
        "Area under the ROC curve by g magnitude, with 95 % intervals over bricks; at 0.5 the "
        "classes cannot be told apart."
    ),
    "gallery": (
        "Real and injected objects of the same brightness beside each other, at the 99th, 75th, "
        "50th, 25th and 1st percentile of the g flux: colour images with the g magnitude and the "
        "network's probability P that the object was injected; then image and inverse variance of "
        "each band, the real object's above."
    ),
    "attention": (
        "What the network looks at in the objects that it is surest of, and right about: below "
        "each, what it loses where a patch is covered with sky. Blue speaks for a real object, "
        "ochre for an injected one."
    ),
    "learning": "Training and validation by epoch.",
}


def figure_caption(name: str) -> str:
    """Caption of a figure by its file's name, "numbers_count" as "numbers"."""
    kind, _, column = name.partition("_")
    caption = FIGURES.get(kind, name.replace("_", " "))
    return f"{column.replace('_', ' ').capitalize()}. {caption}" if column else caption


def split_score(name: str) -> tuple[str, str]:
    """Take a score of one of several columns, "count_matter.r2", apart: column and score."""
    column, _, score = name.rpartition(".")
    return column, score


def score_title(name: str) -> str:
    """Name of a score for people, with its column where there are several."""
    column, score = split_score(name)
    title = SCORES.get(score, score.replace("_", " "))
    return f"{title} of {column.replace('_', ' ')}" if column else title
