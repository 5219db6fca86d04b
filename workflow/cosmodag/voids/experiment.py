"""Declaration of the void experiment."""

from cosmodag.experiments import Experiment, Task
from cosmodag.voids.checks import check, example_format
from cosmodag.voids.files import VoidsFiles

EXPERIMENT = Experiment(
    name="voids",
    title="Cosmic voids",
    question="Where are the cosmic voids behind a galaxy catalogue, and how many?",
    background=(
        "The network sees galaxies, in slabs along a line of sight or in three dimensions. Where "
        "voids are defined in the matter, a threshold on the galaxy density is a baseline and not "
        "the answer; where they are defined by a finder among the same galaxies, the finder is. "
        "Test examples come from realizations, or disjoint regions, that the "
        "training set does not contain."
    ),
    study=(
        "In the study by its authors, neighbouring sub-boxes shared most of their volume and were "
        "split at random: the position of a sub-box alone explained 86 to 89 % of the variance of "
        "its counts, and none for disjoint boxes. Predicted probabilities were between 0.495 and "
        "0.509 everywhere."
    ),
    stages={
        "simulate": "Simulate boxes of matter and galaxies.",
        "catalogue": "Read a galaxy catalogue.",
        "grid": "Assign galaxies to grids.",
        "label": "Find voids by one or more definitions.",
        "cutouts": "Cut sub-boxes and their maps of voids.",
        "statistics": "Measure sizes, profiles and shapes of voids.",
        "predict": "Predict maps or a cube and a catalogue of voids in new galaxies.",
        "find": "Find the voids of a survey or a box, as a catalogue.",
    },
    files=VoidsFiles,
    check=check,
    examples=example_format,
    tasks={
        "map": Task(
            "Which sight lines run through a void?",
            "cosmodag.voids.evaluation.void_maps:VoidMapEvaluation",
        ),
        "count": Task(
            "How many voids does a sub-box contain, and how much volume do they fill?",
            "cosmodag.voids.evaluation.void_counts:VoidCountEvaluation",
        ),
        "posterior": Task(
            "Which cosmological parameters do the galaxies of a box imply?",
            "cosmodag.voids.evaluation.void_posteriors:CosmologyEvaluation",
        ),
    },
    baselines={
        "box_finder": "a void finder on the galaxies of the whole box",
        "matter_finder": "a void finder on matter reconstructed from the galaxies of the whole box",
        "stack": "boosted trees on void finders and reconstructed matter of the whole box",
        "void_sizes": "a perceptron on numbers and sizes of voids",
        "void_sizes_likelihood": "a Gaussian likelihood of numbers and sizes of voids",
        "densities": "a perceptron on the one-point distribution of the density",
        "densities_likelihood": "a Gaussian likelihood of the one-point distribution",
        "all_statistics": "a perceptron on power spectrum, voids and one-point distribution",
        "all_statistics_likelihood": (
            "a Gaussian likelihood of power spectrum, voids and one-point distribution"
        ),
        "spectrum_and_voids": "a perceptron on power spectrum and voids",
        "spectrum_and_voids_likelihood": "a Gaussian likelihood of power spectrum and voids",
        "stack_ridge": "ridge regression on void finders and reconstructed matter of the whole box",
    },
    report="cosmodag.voids.report:sections",
    writers={
        "galaxies": "`cosmodag voids simulate` or `cosmodag voids catalogue`",
        "grid": "`cosmodag voids grid` or `cosmodag voids simulate`",
        "labels": "`cosmodag voids label`",
        "void_maps": "`cosmodag voids predict`",
        "void_cube": "`cosmodag voids predict` with a run on cubes",
    },
)
