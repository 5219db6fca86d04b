"""What the experiment `reionization` declares to shared code."""

from cosmodag.experiments import Experiment, Score, Task
from cosmodag.reionization.checks import check, example_format
from cosmodag.reionization.files import ReionizationFiles

EXPERIMENT = Experiment(
    name="reionization",
    title="Reionization",
    question=(
        "From a slice of the 21-cm sky, when and with which escape fraction of ionizing "
        "photons was it taken?"
    ),
    background=(
        "Universes are simulated from several random seeds at each redshift and escape "
        "fraction, and cut into slices. A network is trained on some universes and tested "
        "on others. The mean of a slice, which an interferometer does not measure, is taken"
        " off and thermal noise is added where the run says so; simple methods see the same"
        " noise. Slices that are zero all over, of a universe that is ionized throughout, "
        "tell nothing and are scored apart."
    ),
    study=(
        "In the work that this experiment redoes, all slices came from one realization and "
        "were shuffled, so that neighbouring slices stood on both sides of the split, and "
        "the auto-encoder saw the test slices. It read 17 redshifts with 48 % (fully "
        "connected) and 96.5 % (behind an encoder) at one escape fraction, 83.3 % at all "
        "twelve; twelve escape fractions with 55.9 % at one redshift and 13.7 % at all, "
        "where chance is 8.3 %."
    ),
    stages={
        "initial": "Draw the initial conditions of universes.",
        "simulate": "Simulate cubes at one redshift.",
        "read": "Read cubes out of a folder.",
        "cutouts": "Cut slices of cubes.",
    },
    files=ReionizationFiles,
    check=check,
    examples=example_format,
    tasks={
        "classification": Task(
            "At which redshift, or with which escape fraction, was a slice taken?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceClassEvaluation",
        ),
        "ordinal": Task(
            "Which redshift and escape fraction, and how surely?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceClassEvaluation",
        ),
        "count": Task(
            "How much of a slice is neutral?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceNumberEvaluation",
        ),
        "regression": Task(
            "How much of a slice is neutral?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceNumberEvaluation",
        ),
        "reconstruction": Task(
            "How much of a slice is left after an eighth of its numbers?",
            "cosmodag.reionization.evaluation.slice_evaluations:SliceReconstructionEvaluation",
        ),
        "map": Task(
            "Which regions are ionized, given the density?",
            "cosmodag.reionization.evaluation.ionized_maps:IonizedMapEvaluation",
        ),
        "matching": Task(
            "Which ionized regions belong to a density?",
            "cosmodag.reionization.evaluation.matching:MatchingEvaluation",
        ),
    },
    writers={
        "initial": "`cosmodag reionization initial`",
        "cubes": "`cosmodag reionization simulate` or `cosmodag reionization read`",
    },
    scores={
        "top_1": Score("identified at first", "higher"),
        "coherence": Score("cross-coherence r(k), mean over k", "higher"),
        "bubble_distance": Score("distance between the distributions of bubble sizes", "lower"),
        "bubble_ratio": Score("predicted over true mean bubble size"),
    },
    baselines={
        "slice_ridge": "ridge regression on slice statistics",
        "slice_trees": "boosted trees on slice statistics",
        "chance": "chance",
        "correlation": "correlation of smoothed slices",
        "phases": "correlation of whitened slices",
    },
)
