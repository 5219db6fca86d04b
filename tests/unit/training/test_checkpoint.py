"""Checkpoints: the latest undamaged one is read, and few are kept."""

import pytest
import torch

from cosmodag.training.checkpoint import Checkpoints, pack, unpack


def save(folder, *steps):
    checkpoints = Checkpoints(folder)
    for step in steps:
        checkpoints.save({"weights": torch.full((3,), float(step)), "step": step}, step)
    return checkpoints


def test_the_latest_of_two_checkpoints_is_read(tmp_path):
    checkpoints = save(tmp_path, 8, 9, 10)
    assert len(checkpoints.files()) == 2
    assert unpack(checkpoints.latest())["step"] == 10


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_checkpoint_falls_back_to_the_previous_one(damage, tmp_path, caplog):
    checkpoints = save(tmp_path, 9, 10)
    last = checkpoints.files()[0]
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"truncated": content[: len(content) // 2], "flipped": content, "empty": b""}
    last.write_bytes(damaged[damage])
    assert unpack(checkpoints.latest())["step"] == 9
    assert "damaged" in caplog.text


def test_nothing_is_read_if_all_checkpoints_are_damaged_or_missing(tmp_path):
    assert Checkpoints(tmp_path / "absent").latest() == b""
    assert Checkpoints(None).latest() == b""
    checkpoints = save(tmp_path, 1)
    checkpoints.files()[0].write_bytes(b"")
    assert checkpoints.latest() == b""


def test_partial_files_of_interrupted_writes_are_removed(tmp_path):
    checkpoints = save(tmp_path, 1)
    (tmp_path / ".00012-step2-abc.pt.x8s.pt").write_bytes(b"half")
    checkpoints.latest()
    assert [path.name for path in tmp_path.iterdir()] == [checkpoints.files()[0].name]


def test_clearing_removes_checkpoints_and_their_folder(tmp_path):
    save(tmp_path / "state", 1, 2).clear()
    assert not (tmp_path / "state").exists()


def test_a_checkpoint_is_due_by_steps_or_by_time(tmp_path):
    assert Checkpoints(tmp_path, steps=5).due(10)
    assert not Checkpoints(tmp_path, steps=5).due(11)
    assert Checkpoints(tmp_path, seconds=0).due(11)


def test_pickled_code_is_refused():
    with pytest.raises(Exception, match=r"(?i)weights.only"):
        unpack(pack({"code": Checkpoints}))


def test_equal_states_give_equal_bytes():
    state = {"a": torch.arange(5), "b": [1, 2.5, "c"]}
    assert pack(state) == pack({"a": torch.arange(5), "b": [1, 2.5, "c"]})
