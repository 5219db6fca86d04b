"""What the commands of the injection experiment write, by which they recognize it."""

from cosmodag.output_kinds import Folder, JsonFile, Table

SURVEY = Folder(
    ("coadd", "obiwan", "tractor", "simulation.json", "survey-bricks.fits"),
    marker="simulation.json",
    within={"simulation.json": JsonFile(("runs",))},
)
"""A survey in the layout of the Legacy Surveys."""
SURVEYS = Folder(("*",), within={"*": SURVEY})
"""Surveys of one sky, a folder each."""
SELECTION = Table(("id", "brick", "run", "label"))
CUTS = Table(("cut", "real", "injected"))
PREDICTIONS = Table(("id", "group", "probability"))
VERDICT = JsonFile(("outcome", "sentence", "tests"))
