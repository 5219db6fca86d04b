"""How scores and baselines are called where people read them."""

SCORES = {
    "mcc": "Matthews correlation",
    "f1": "F1 (Dice)",
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
    "absolute_error": "median error",
    "flux_error": "median error of the flux",
    "radius_error": "median error of the radius",
    "auc": "area under the ROC curve",
    "accuracy": "accuracy",
    "mae": "mean absolute error",
    "mae_skill": "part of the absolute error saved",
    "crps": "continuous ranked probability score",
    "log_loss": "log loss",
    "mse": "mean squared error",
    "explained_variance": "part of the variance given back",
    "light_mse": "mean squared error, against images without noise",
    "light_explained_variance": "part of the light's variance given back",
    "ssim": "structural similarity",
    "top_1": "found at first",
    "coherence": "cross-coherence r(k), mean over k",
    "bubble_distance": "distance of the distributions of bubble sizes",
    "bubble_ratio": "predicted over true mean bubble size",
}

LESS_IS_BETTER = {
    "brier",
    "expected_calibration_error",
    "rmse",
    "mae",
    "crps",
    "log_loss",
    "mse",
    "light_mse",
    "bubble_distance",
}

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
    "mae_skill",
    "explained_variance",
    "light_explained_variance",
    "ssim",
    "top_1",
    "coherence",
}

BASELINES = {
    "all_void": "the base rate everywhere",
    "smoothed_density": "a threshold on smoothed density",
    "tidal": "the tidal tensor of the density",
    "trees": "boosted trees on density features",
    "index_only": "the position alone",
    "mean": "the training mean",
    "ridge": "ridge regression on density features",
    "rate": "the commoner class",
    "logistic": "logistic regression on the catalogue",
    "catalogue_trees": "boosted trees on the catalogue",
    "shares": "the shares of the classes",
    "discriminant": "linear discriminant of slice statistics",
    "slice_ridge": "ridge regression on slice statistics",
    "slice_trees": "boosted trees on slice statistics",
    "stamp_ridge": "ridge regression on apertures and moments",
    "stamp_trees": "boosted trees on apertures and moments",
    "sersic_fit": "a fitted Sérsic profile",
    "neighbours": "nearest neighbours after PCA",
    "seed_only": "the universe alone",
    "principal": "principal components",
    "cosines": "largest cosine coefficients",
    "coarse": "lowest cosine coefficients",
    "chance": "chance",
    "correlation": "correlation of smoothed slices",
    "phases": "correlation of whitened slices",
}

SPACES = {
    "latent": "the latent",
    "principal": "principal components",
    "morphology": "morphology",
}
"""Numbers that galaxies are grouped by."""

GROUPINGS = {
    "k_means": "k-means",
    "mixture": "a mixture of Gaussians",
    "hdbscan": "HDBSCAN",
}
"""Ways to group them."""

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
    "signal": (
        "The median error of unseen galaxies against their signal-to-noise: the network beside the "
        "best simple method on all of them, and beside a profile fitted to a sample. Bars are 95 % "
        "intervals over galaxies."
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
    "slices": "Unseen slices at each redshift; none picked by hand.",
    "reconstructions": (
        "Unseen images beside what is left of them after the auto-encoder and after simple methods "
        "of the same size, from the best given back (top) to the worst, none picked by hand."
    ),
    "similarity": (
        "Structural similarity of unseen images with what is left of them. 1 is perfect; noise, "
        "which nothing so small can hold, keeps all below it."
    ),
    "latents": (
        "What the numbers of the latent hold, in unseen images: the variance of their means "
        "(dots), and the mean variance that is left of each (circles). A number with little of the "
        "former and all of the latter is not used; above the grey line it counts as in use."
    ),
    "confusion": (
        "What slices of each true class are taken for, as shares of the true class, in unseen "
        "universes."
    ),
    "values": (
        "Expected against true values in unseen universes, with 68 % intervals; slices of one true "
        "value stand side by side, on the grey line both are equal."
    ),
    "redshifts": "Accuracy by redshift in unseen universes, with 95 % intervals over universes.",
    "calibration": (
        "Calibration: how often it is so, given the predicted probability; on the grey line "
        "predictions mean what they say. Below, how often each probability is predicted."
    ),
    "saliency": (
        "What moves the network's answer: the gradient of the expected value with each pixel. More "
        "signal in red pixels raises the answer, in blue pixels it lowers it."
    ),
    "ionization": (
        "The density that the network sees, the truly ionized regions and the predicted "
        "probability of being ionized, in unseen universes from the best predicted (top) to the "
        "worst, none picked by hand."
    ),
    "coherence": (
        "How well predicted ionized regions follow the true ones at each wavenumber, whatever "
        "their amplitude; 1 is perfect. Bars are 95 % intervals over universes."
    ),
    "bubbles": (
        "Sizes of ionized bubbles, as free paths from ionized pixels to the first neutral one, "
        "true and predicted."
    ),
    "members": (
        "Unseen galaxies of each group, drawn at random, with the part of unseen galaxies that it "
        "holds."
    ),
    "outliers": (
        "Unseen galaxies that lie farthest from those of training, in the latent: the mean "
        "distance to the ten nearest, where 1 is that of a typical one."
    ),
    "places": (
        "Galaxies on a map that keeps neighbours of the latent together, in the colours of their "
        "groups; distances and sizes of islands mean nothing."
    ),
    "learning": "Training and validation by epoch.",
}


def figure_caption(name: str) -> str:
    """Caption of a figure by its file's name, "numbers_count" as "numbers"."""
    kind, _, column = name.partition("_")
    caption = FIGURES.get(kind, name.replace("_", " "))
    column = column.removesuffix("_class").replace("_", " ")
    return f"{column.capitalize()}. {caption}" if column else caption


def split_score(name: str) -> tuple[str, str]:
    """Take a score of one of several columns, "count_matter.r2", apart: column and score."""
    column, _, score = name.rpartition(".")
    return column, score


def score_title(name: str) -> str:
    """Name of a score for people, with its column where there are several."""
    column, score = split_score(name)
    title = SCORES.get(score, score.replace("_", " "))
    column = column.removesuffix("_class").replace("_", " ")
    return f"{title} of {column}" if column else title
