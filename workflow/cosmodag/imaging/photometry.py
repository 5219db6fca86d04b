"""Apertures, flux fractions and moment weights that networks and baselines measure alike."""

APERTURE_RADII = (1.5, 2.5, 4.0, 6.0, 9.0, 13.0, 18.0, 25.0)
"""Radii of the circular apertures in pixels."""
MOMENT_WIDTHS = (2.0, 4.0, 8.0)
"""Standard deviations in pixels of the Gaussians that weight the moments."""
FLUX_FRACTIONS = (0.2, 0.5, 0.8)
"""Fractions of the flux whose enclosing radii are measured; outer over inner radius is the
concentration.
"""
