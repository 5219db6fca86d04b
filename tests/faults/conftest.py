"""What all attacks share."""

import pytest

from tests.checkout import share_compiled


@pytest.fixture(scope="session", autouse=True)
def _compiled(repository):
    """Machine code that tests of the whole workflow compiled before."""
    share_compiled(repository)
