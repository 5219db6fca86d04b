"""What the commands of the injection experiment write, by which they recognize it."""

from cosmodag.output_kinds import Figure, Folder, JsonFile, Table

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
MATCHES = Table(("id", "status", "injection_id"))
TRANSFER = Folder(
    (
        *("transfer.json", "completeness.json", "transfer.fits"),
        *("bins.csv", "magnitude_size.csv", "purity.csv", "ambiguous.csv"),
        *("*.svg", "*.pdf", "*.png", "*.numbers.csv"),
    ),
    marker="transfer.json",
    within={
        "transfer.json": JsonFile(("sentence", "bins", "settings")),
        "completeness.json": JsonFile(("form", "features", "coefficients")),
        "bins.csv": Table(("variable", "completeness")),
        "*.svg": Figure(),
    },
)
"""The folder of a transfer function."""
COMPLETENESS = Table(("completeness", "outside"))
