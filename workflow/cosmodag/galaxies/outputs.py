"""What the commands of the galaxy experiment write, by which they recognize it."""

from cosmodag.output_kinds import FIGURES, Folder, JsonFile, Lines, Table

CLUSTERS = Folder(
    ("clusters.json", "members.csv", "cluster_model.h5", "figures"),
    marker="clusters.json",
    within={"clusters.json": JsonFile(("spaces", "settings")), "figures": FIGURES},
)
PATH_LIST = Lines(r"(?i)\.(fits|fits\.gz|fits\.fz|fit|npy|png|jpe?g|tiff?|h5|hdf5)$")
REJECTIONS = Lines(r"^[^\t]+\t")
HEADERS = Table(("path", "n_stamps", "shape"))
PREDICTIONS = Table(("id", "outside", "warning"))
