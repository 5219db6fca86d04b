"""Names of the channels by which examples of a survey state what is known."""

SELECTION = "selection"
"""Field with the expected number of galaxies per cell in units of its mean, 0 in unknown cells."""
KNOWN = "known"
"""Channel of the target: 1 in pixels that are known, 0 in others."""
