"""Redshift, escape fraction and ionization from 21-cm cubes."""
