"""Cosmic voids behind galaxy catalogues."""
