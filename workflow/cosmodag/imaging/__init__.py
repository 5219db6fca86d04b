"""Bands, photometry, padding, galaxy profiles, FITS files and tables of objects."""
