"""Checks of a controller."""

import pytest

from cosmodag.dag import controller
from cosmodag.errors import InputError


def test_a_writable_folder_is_created_and_left_empty(tmp_path):
    controller.check_writable("config key scratch", str(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"config key scratch: .*/file/below cannot be written to"):
        controller.check_writable("config key scratch", str(tmp_path / "file" / "below"))
