"""What the experiment `injections` declares to shared code."""

from cosmodag.experiments import Experiment, Task
from cosmodag.injections.checks import check, example_format
from cosmodag.injections.files import InjectionsFiles

EXPERIMENT = Experiment(
    name="injections",
    title="Injected galaxies",
    question=("Can a network tell galaxies that were injected into survey images from real ones?"),
    background=(
        "How complete a survey is can be measured with galaxies put into its images, if "
        "they are like the real ones. A network is trained to tell the two apart on one "
        "part of the bricks and tested on bricks that it never saw. Both classes are found "
        "again by the same detection and pass the same cuts. What a test cannot see is no "
        "evidence: each is judged by controls with known faults, and by one without any."
    ),
    study=(
        "In the work that this experiment redoes, accuracy was that of the last training "
        "batch, 0.75 to 0.9; the test part was never scored, injected stamps stood one "
        "pixel beside their object, and injections passed no cuts. Whether injected "
        "galaxies are like real ones was not answered."
    ),
    stages={
        "simulate": "Simulate bricks of a survey with injections.",
        "observe": "Inject galaxies into a real image.",
        "select": "Choose real and injected objects by the same cuts.",
        "cutouts": "Cut stamps of selected objects.",
        "predict": "Apply a trained network to stamps of other images.",
        "verdict": "Judge a two-sample test by its controls.",
    },
    files=InjectionsFiles,
    check=check,
    examples=example_format,
    tasks={
        "classification": Task(
            "Are injected objects told from real ones?",
            "cosmodag.injections.verdict.two_sample_evaluation:TwoSampleEvaluation",
        ),
    },
    baselines={
        "rate": "the frequency of the classes",
        "logistic": "logistic regression on the catalogue",
        "catalogue_trees": "boosted trees on the catalogue",
    },
    report="cosmodag.injections.report:sections",
)
