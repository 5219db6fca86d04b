"""Declaration of the reionization experiment for shared code."""

from cosmodag.experiments import Experiment, Score, Task
from cosmodag.reionization.checks import check, example_format
from cosmodag.reionization.files import ReionizationFiles

EXPERIMENT = Experiment(
    name="reionization",
    title="Reionization",
    question=(
        "Can the redshift and the escape fraction of ionizing photons be inferred from a slice "
        "of the 21-cm sky?"
    ),
    background=(
        "Independent realizations are simulated at each redshift and escape fraction and cut "
        "into slices. Networks are trained on some realizations and tested on others. The mean "
        "of each slice, which an interferometer does not measure, is subtracted, and thermal "
        "noise is added where the configuration of the run states it; the baselines are fitted "
        "to several draws of the same noise. Slices that are zero everywhere, from fully ionized "
        "boxes, contain no information and are scored separately."
    ),
    study=(
        "In the study by its authors, all slices were from one realization and were split at "
        "random, so neighbouring slices were in both the training and the test set, and the "
        "autoencoder was trained on the test slices too. The accuracy for 17 redshifts was 48 % "
        "(fully connected network) and 96.5 % (network on the latent of an autoencoder) for one "
        "escape fraction, and 83.3 % for all twelve. The accuracy for twelve escape fractions "
        "was 55.9 % at one redshift and 13.7 % at all redshifts, where chance is 8.3 %."
    ),
    stages={
        "initial": "Draw the initial conditions of realizations.",
        "simulate": "Simulate cubes at one redshift.",
        "read": "Read the cubes of one redshift from a folder.",
        "cutouts": "Cut slices from cubes.",
        "predict": "Predict redshift, escape fraction or ionization from a cube without labels.",
    },
    files=ReionizationFiles,
    check=check,
    examples=example_format,
    tasks={
        "classification": Task(
            "At which redshift, or with which escape fraction, was a slice simulated?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceClassEvaluation",
        ),
        "ordinal": Task(
            "Which redshift and escape fraction does a slice have, with which uncertainty?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceClassEvaluation",
        ),
        "count": Task(
            "Which fraction of a slice is neutral?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceNumberEvaluation",
        ),
        "regression": Task(
            "Which fraction of a slice is neutral?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceNumberEvaluation",
        ),
        "posterior": Task(
            "What is the joint posterior of the parameters of a slice?",
            "cosmodag.reionization.evaluation.slice_evaluations:SlicePosteriorEvaluation",
        ),
        "reconstruction": Task(
            "How well can a slice be reconstructed from an eighth of its size?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceReconstructionEvaluation",
        ),
        "map": Task(
            "Which regions of a slice are ionized, given its density?",
            "cosmodag.reionization.evaluation.ionized_maps:IonizedMapEvaluation",
        ),
        "matching": Task(
            "Which of several slices belongs to a given slice of the density?",
            "cosmodag.reionization.evaluation.matching:MatchingEvaluation",
        ),
    },
    writers={
        "initial": "`cosmodag reionization initial`",
        "cubes": "`cosmodag reionization simulate` or `cosmodag reionization read`",
        "ionized_maps": "`cosmodag reionization predict`",
        "posterior_samples": "`cosmodag reionization predict`",
    },
    scores={
        "top_1": Score("top-1 accuracy", "higher"),
        "coherence": Score("cross-coherence r(k), mean over k", "higher"),
        "bubble_distance": Score("distance between the distributions of bubble sizes", "lower"),
        "bubble_ratio": Score("predicted over true mean bubble size"),
    },
    baselines={
        "slice_ridge": "ridge regression on slice statistics",
        "slice_trees": "boosted trees on slice statistics",
        "slice_perceptron": "perceptrons on slice statistics",
        "chance": "chance",
        "correlation": "correlation of smoothed slices",
        "phases": "correlation of whitened slices",
        "matched_filter": "likelihood ratio of correlated Gaussian fields",
        "pattern_and_parameters": "whitened slices and their redshifts by statistics",
    },
)
