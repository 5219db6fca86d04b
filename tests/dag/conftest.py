"""A checkout of its own for tests that run Snakemake."""

import pytest

from tests.checkout import Checkout, copy_checkout


@pytest.fixture
def checkout(tmp_path, repository) -> Checkout:
    """A fresh checkout without results."""
    return copy_checkout(tmp_path, repository)
