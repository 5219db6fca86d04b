"""Bands, photometry, padding, galaxy profiles and FITS access for experiments on images."""
