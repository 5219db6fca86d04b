"""Where the light of a stamp is measured, by networks and by simple methods alike."""

APERTURES = (1.5, 2.5, 4.0, 6.0, 9.0, 13.0, 18.0, 25.0)
"""Radii in pixels."""
WEIGHTS = (2.0, 4.0, 8.0)
"""Standard deviations in pixels of the Gaussians that moments are weighted by."""
PARTS = (0.2, 0.5, 0.8)
"""Parts of the light whose radii are measured; the outer and the inner give the concentration."""
