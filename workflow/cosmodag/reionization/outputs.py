"""What the commands of the reionization experiment write, by which they recognize it."""

from cosmodag.output_kinds import Figure, Folder, Hdf5File, JsonFile, Table

PREDICTION = Folder(
    (
        *("predictions.csv", "predictions.fits", "prediction.json"),
        *("ionized.h5", "posterior.h5"),
        *("slices.svg", "slices.pdf", "slices.png", "slices.numbers.csv"),
    ),
    marker="prediction.json",
    within={
        "prediction.json": JsonFile(("run", "how", "warnings")),
        "predictions.csv": Table(("id", "part", "warning")),
        "ionized.h5": Hdf5File("ionized_maps"),
        "posterior.h5": Hdf5File("posterior_samples"),
        "slices.svg": Figure(),
    },
)
"""Predictions of a trained network for a cube and its slices."""
