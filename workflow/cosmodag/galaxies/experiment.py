"""What the experiment `galaxies` declares to shared code."""

from cosmodag.experiments import Experiment, Score, Task
from cosmodag.galaxies.checks import check, example_format
from cosmodag.galaxies.files import GalaxiesFiles

EXPERIMENT = Experiment(
    name="galaxies",
    title="Galaxies",
    question=(
        "How few numbers describe a galaxy image, and which physical parameters can be read off it?"
    ),
    background=(
        "Galaxies are drawn with the brightness, size and shape that those of the COSMOS "
        "field have, seen through point-spread functions and noise of several levels, in "
        "stamps of many sizes. Larger stamps are cropped and smaller ones padded with noise"
        " of their own level, since zeros would tell their size. Networks are tested on "
        "galaxies that training never saw, beside what apertures and moments tell and, on a"
        " sample, beside a fitted Sérsic profile; all are told the width of the point-"
        "spread function and the noise. Signal-to-noise is that of the light of all bands "
        "together for one who knows the galaxy's shape."
    ),
    study=(
        "In the work that this experiment redoes, a network fitted the magnitude of "
        "simulated galaxies and then several parameters; stamps were padded with zeros, "
        "which tell their size, and no error was given beside a simpler method's. A "
        "variational auto-encoder of 35 numbers was printed without a validation set; the "
        "clusters that its title promised were never made."
    ),
    stages={
        "simulate": "Simulate stamps of galaxies.",
        "filter": "List the files of a folder that hold stamps of a shape.",
        "cutouts": "Bring stamps to one size.",
        "cluster": "Group images by a run's latents and by simpler numbers.",
        "predict": "Apply trained networks to images of galaxies, real ones too.",
    },
    files=GalaxiesFiles,
    check=check,
    examples=example_format,
    tasks={
        "count": Task(
            "Which parameters does a galaxy have, and how surely?",
            "cosmodag.galaxies.evaluation.parameters:ParameterEvaluation",
        ),
        "regression": Task(
            "Which parameters does a galaxy have?",
            "cosmodag.galaxies.evaluation.parameters:ParameterEvaluation",
        ),
        "latent": Task(
            "How few numbers describe a galaxy image?",
        ),
        "reconstruction": Task(
            "How much of a galaxy image does an autoencoder reconstruct?",
        ),
    },
    writers={
        "stamps": "`cosmodag galaxies simulate`",
        "grouping": "`cosmodag galaxies cluster`",
    },
    scores={
        "absolute_error": Score("median error", "lower"),
        "flux_error": Score("median error of the flux", "lower"),
        "radius_error": Score("median error of the radius", "lower"),
    },
    baselines={
        "stamp_ridge": "ridge regression on apertures and moments",
        "stamp_trees": "boosted trees on apertures and moments",
        "sersic_fit": "a fitted Sérsic profile",
    },
    report="cosmodag.galaxies.report:sections",
)
