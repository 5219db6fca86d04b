"""What all attacks share."""

import pytest

from tests.checkout import take_compiled


@pytest.fixture(scope="session", autouse=True)
def _compiled(repository):
    """Machine code that tests of the whole workflow compiled before."""
    take_compiled(repository)
