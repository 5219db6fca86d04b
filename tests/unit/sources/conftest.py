"""Fixtures of the simulated sources."""

import pytest

from cosmodag.sources.cosmology import Cosmology
from cosmodag.sources.linear_power import matter_power


@pytest.fixture(scope="session")
def linear():
    """Linear power spectrum today of the default cosmology."""
    return matter_power(Cosmology())
