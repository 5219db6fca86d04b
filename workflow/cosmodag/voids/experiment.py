"""What the experiment `voids` declares to shared code."""

from cosmodag.experiments import Experiment, Task
from cosmodag.voids.checks import check, example_format
from cosmodag.voids.files import VoidsFiles

EXPERIMENT = Experiment(
    name="voids",
    title="Cosmic voids",
    question="Where are the cosmic voids behind a galaxy catalogue, and how many?",
    background=(
        "The network sees galaxies projected along a line of sight. The truth about voids "
        "is the matter beneath them, not the galaxies, so a threshold on galaxies is a fair"
        " rival and not the answer. Test examples come from realizations, or disjoint "
        "regions, that training never saw."
    ),
    original=(
        "In the work that this experiment redoes, neighbouring sub-boxes shared most of "
        "their volume and were split at random: a predictor that saw only a sub-box's "
        "position explained 86 to 89 % of the variance of its counts, and nothing on "
        "disjoint boxes. Its maps lay between 0.495 and 0.509 everywhere."
    ),
    stages={
        "simulate": "Simulate boxes of matter and galaxies.",
        "catalogue": "Read a catalogue of galaxies.",
        "grid": "Assign galaxies to grids.",
        "label": "Find the voids.",
        "cutouts": "Cut sub-boxes and their maps of voids.",
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
            "How many voids does a sub-box hold, and how much volume do they fill?",
        ),
    },
    writers={
        "galaxies": "`cosmodag voids simulate` or `cosmodag voids catalogue`",
        "grid": "`cosmodag voids grid` or `cosmodag voids simulate`",
        "labels": "`cosmodag voids label`",
    },
)
