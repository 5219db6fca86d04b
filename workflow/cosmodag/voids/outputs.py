"""What the commands of the void experiment write, by which they recognize it."""

from cosmodag.output_kinds import Figure, Folder, Hdf5File, JsonFile, Table

PREDICTION = Folder(
    (
        *("probability.h5", "probability.fits", "voids.csv", "voids.fits", "prediction.json"),
        *("voids.svg", "voids.pdf", "voids.png", "voids.numbers.csv", "catalogue.rejected.csv"),
    ),
    marker="prediction.json",
    within={
        "prediction.json": JsonFile(("run", "threshold", "warnings")),
        "probability.h5": Hdf5File("void_maps", ("void_cube",)),
    },
)
"""Probability and catalogue of voids that a trained network predicted."""
VOIDS = Folder(
    (
        *("voids.json", "voids.csv", "voids.fits", "voids.rejected.csv"),
        *("slice.png", "slice.svg", "slice.pdf", "slice.numbers.csv"),
    ),
    marker="voids.json",
    within={"voids.json": JsonFile(("n_voids", "settings")), "slice.svg": Figure()},
)
"""The folder of a void catalogue."""
STATISTICS = Folder(
    (
        *("statistics.json", "sizes.csv", "profiles.csv", "voids.csv"),
        *("statistics.svg", "statistics.pdf", "statistics.png", "statistics.numbers.csv"),
    ),
    marker="statistics.json",
    within={
        "statistics.json": JsonFile(("samples", "settings")),
        "sizes.csv": Table(("sample", "n_voids")),
        "statistics.svg": Figure(),
    },
)
"""The folder of the statistics of voids."""
