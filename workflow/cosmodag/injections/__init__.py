"""Injected against real galaxies of a survey."""
