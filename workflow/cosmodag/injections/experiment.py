"""Declaration of the experiment `injections` to shared code."""

from cosmodag.experiments import Experiment, Task
from cosmodag.injections.checks import check, example_format
from cosmodag.injections.files import InjectionsFiles

EXPERIMENT = Experiment(
    name="injections",
    title="Injected galaxies",
    question="Can a network distinguish galaxies injected into survey images from real ones?",
    background=(
        "The completeness of a survey is measured with galaxies that are injected into its "
        "images, if they are realistic. A network is trained to distinguish injected from real "
        "galaxies on some bricks and tested on others. Both classes are detected by the same "
        "algorithm and pass the same cuts. A test that finds no difference is meaningful only if "
        "it could find one: every test is validated by positive controls, whose injections have "
        "known flaws, and by a negative control without a flaw."
    ),
    study=(
        "In the study by its authors, the accuracy of 0.75 to 0.9 is that of the last training "
        "batch. The test set was not scored, stamps of injections were centred one pixel beside "
        "their objects, and injections passed no cuts, so the study does not show whether injected "
        "galaxies are realistic."
    ),
    stages={
        "simulate": "Simulate bricks of a survey with injections.",
        "observe": "Inject galaxies into a real image.",
        "select": "Select real and injected objects by the same cuts.",
        "match": "Match all injections with detected sources.",
        "transfer": "Measure completeness, purity and biases of injections.",
        "completeness": "Evaluate a model of completeness.",
        "cutouts": "Cut stamps of selected objects.",
        "predict": "Predict whether objects of other images were injected.",
        "verdict": "Judge a two-sample test by its controls.",
    },
    files=InjectionsFiles,
    check=check,
    examples=example_format,
    tasks={
        "classification": Task(
            "Does a network distinguish injected from real objects?",
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
