"""Latents, clusters and parameters of galaxy images."""
