"""What the commands of the galaxy experiment write, by which they recognize it."""

from dataclasses import dataclass
from pathlib import Path

from cosmodag.output_kinds import FIGURES, Folder, JsonFile, Lines, Table

CLUSTERS = Folder(
    ("clusters.json", "members.csv", "cluster_model.h5", "figures"),
    marker="clusters.json",
    within={"clusters.json": JsonFile(("spaces", "settings")), "figures": FIGURES},
)
PATH_LIST = Lines(r"(?i)\.(fits|fits\.gz|fits\.fz|fit|npy|png|jpe?g|tiff?|h5|hdf5)$")
REJECTIONS = Lines(r"^[^\t]+\t")
HEADERS = Table(("path", "n_stamps", "shape"))


@dataclass(frozen=True)
class Predictions(Table):
    """A table of predictions, in CSV, Parquet or FITS."""

    def fault(self, path: Path) -> str | None:
        """Return a fault unless the file has all columns, or is FITS of this package."""
        with open(path, "rb") as file:
            start = file.read(2880)
        if start.startswith(b"SIMPLE"):
            return None if b"'cosmodag'" in start else "it was not made by cosmodag"
        return super().fault(path)


PREDICTIONS = Predictions(("id", "outside", "warning"))
SIMILAR = Predictions(("id", "rank", "similar", "distance"))
