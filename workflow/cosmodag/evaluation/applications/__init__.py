"""Trained networks put to use on images of no dataset."""
