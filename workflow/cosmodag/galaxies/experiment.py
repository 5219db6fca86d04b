"""What the experiment `galaxies` declares to shared code."""

from cosmodag.experiments import Experiment, Score, Task
from cosmodag.galaxies.checks import check, example_format
from cosmodag.galaxies.files import GalaxiesFiles

EXPERIMENT = Experiment(
    name="galaxies",
    title="Galaxies",
    question=(
        "How many latent dimensions describe a galaxy image, and which physical parameters can be "
        "inferred from it?"
    ),
    background=(
        "Simulated galaxies have the brightness, size and shape of galaxies in the COSMOS field, "
        "with a range of point-spread functions, noise levels and stamp sizes. Larger stamps are "
        "cropped, and smaller ones are padded with noise of the same level, since zeros would "
        "reveal their size. Networks are tested on unseen galaxies and compared with baselines on "
        "apertures and moments and, for a sample, with fitted Sérsic profiles. All of them know "
        "the width of the point-spread function and the noise. The signal-to-noise is that of the "
        "flux in all bands for a known shape."
    ),
    study=(
        "In the original study a network predicted the magnitude of simulated galaxies, and then "
        "several parameters. Stamps were padded with zeros, which reveal their size, and errors "
        "were not compared with a baseline. A variational autoencoder with 35 latent dimensions "
        "was presented without a validation set; the clusters of the title were not computed."
    ),
    stages={
        "simulate": "Simulate stamps of galaxies with known parameters.",
        "filter": "List the files of a folder whose stamps have a given shape.",
        "cutouts": "Crop or pad stamps to one size.",
        "cluster": "Cluster galaxies in the latent space of a run.",
        "predict": "Predict parameters, latents and clusters of new galaxy images.",
        "similar": "Find galaxies that are similar to new images.",
    },
    files=GalaxiesFiles,
    check=check,
    examples=example_format,
    tasks={
        "count": Task(
            "Which parameters does a galaxy have, and how uncertain are they?",
            "cosmodag.galaxies.evaluation.parameter_evaluation:ParameterEvaluation",
        ),
        "regression": Task(
            "Which parameters does a galaxy have?",
            "cosmodag.galaxies.evaluation.parameter_evaluation:ParameterEvaluation",
        ),
        "classification": Task(
            "Which class of the labels does a galaxy belong to?",
            "cosmodag.galaxies.evaluation.label_evaluation:LabelEvaluation",
        ),
        "posterior": Task(
            "What is the joint posterior of the parameters of a galaxy?",
            "cosmodag.galaxies.evaluation.parameter_posteriors:ParameterPosteriorEvaluation",
        ),
        "latent": Task(
            "How many latent dimensions describe a galaxy image?",
        ),
        "reconstruction": Task(
            "How much of a galaxy image does an autoencoder reconstruct?",
        ),
    },
    writers={
        "stamps": "`cosmodag galaxies simulate`",
        "cluster_model": "`cosmodag galaxies cluster`",
    },
    scores={
        "absolute_error": Score("median error", "lower"),
        "flux_error": Score("median error of the flux", "lower"),
        "radius_error": Score("median error of the radius", "lower"),
    },
    baselines={
        "stamp_ridge": "ridge regression on apertures and moments",
        "stamp_trees": "boosted trees on apertures and moments",
        "sersic_fit": "fitted Sérsic profiles",
    },
    report="cosmodag.galaxies.report:sections",
)
