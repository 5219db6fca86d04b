"""The training loop: it learns, keeps the best weights, continues exactly and logs progress."""

import csv
import json

import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.training.interruption import Interrupted
from cosmodag.training.loop import fit
from cosmodag.training.settings import TrainingSettings


def settings(**changed):
    return TrainingSettings(**{"batch_size": 4, "epochs": 3, "learning_rate": 0.05} | changed)


class InterruptedLoader:
    """A loader that raises an error in the middle of the second epoch."""

    def __init__(self, loader, error):
        self.loader, self.error = loader, error

    def __len__(self):
        return len(self.loader)

    def batches(self, epoch, start=0):
        for number, batch in enumerate(self.loader.batches(epoch, start), start):
            if (epoch, number) == (1, 4):
                raise self.error
            yield batch


def test_the_loop_overfits_a_tiny_set(model, task, loader):
    history = fit(model, task, loader, loader, settings(epochs=60, learning_rate=0.3), threads=1)
    assert history[-1]["valid_loss"] < 0.1 < history[0]["valid_loss"]
    assert history[-1]["valid_mcc"] > 0.95
    assert [row["epoch"] for row in history] == list(range(1, 61))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "plateau"])
def test_every_optimizer_and_schedule_learns(optimizer, schedule, model, task, loader):
    chosen = settings(optimizer=optimizer, schedule=schedule, epochs=6, learning_rate=0.01)
    history = fit(model, task, loader, loader, chosen, threads=1)
    assert history[-1]["valid_loss"] < history[0]["valid_loss"]


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": "adamw", "ema_decay": 0.9},
        {"optimizer": "sgd", "schedule": "plateau", "plateau_epochs": 1},
        {"optimizer": "rmsprop", "accumulate": 2, "schedule": "constant"},
    ],
)
def test_training_continues_bit_identically_in_the_middle_of_an_epoch(
    changed, model, task, loader, tmp_path
):
    chosen = settings(checkpoint_steps=1, **changed)
    once = type(model)()
    once.load_state_dict(model.state_dict())
    expected = fit(once, task, loader, loader, chosen, threads=1)
    broken = InterruptedLoader(loader, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fit(model, task, broken, loader, chosen, state_folder=tmp_path, threads=1)
    continued = type(model)()
    history = fit(continued, task, loader, loader, chosen, state_folder=tmp_path, threads=1)
    for row in (*expected, *history):
        del row["seconds"]
    assert history == expected
    assert torch.equal(continued.output_layer.weight, once.output_layer.weight)


def test_accumulated_batches_step_like_one_large_batch(model, task, loader):
    other = type(model)()
    other.load_state_dict(model.state_dict())
    small = settings(accumulate=3, clip=None)
    fit(model, task, loader, loader, small, threads=1)
    loader.batch_size = 12
    fit(other, task, loader, loader, settings(batch_size=12, clip=None), threads=1)
    torch.testing.assert_close(
        model.output_layer.weight, other.output_layer.weight, rtol=1e-4, atol=1e-6
    )


def test_early_stopping_keeps_the_best_weights(model, task, loader):
    class Reversed:
        """Validation on inverted targets, so that the first epoch is the best."""

        def __len__(self):
            return len(loader)

        def batches(self, epoch, start=0):
            for batch in loader.batches(epoch, start):
                yield batch._replace(y=1 - batch.y)

    first = type(model)()
    first.load_state_dict(model.state_dict())
    constant = {"schedule": "constant", "warmup": 0.0}
    fit(first, task, loader, Reversed(), settings(epochs=1, **constant), threads=1)
    chosen = settings(epochs=50, patience=3, **constant)
    history = fit(model, task, loader, Reversed(), chosen, threads=1)
    assert len(history) == 4
    assert torch.equal(model.output_layer.weight, first.output_layer.weight)


def test_history_tensorboard_and_trace_are_written(model, task, loader, tmp_path):
    history = fit(model, task, loader, loader, settings(profile_steps=2), run_folder=tmp_path)
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["valid_loss"]) for row in rows] == [row["valid_loss"] for row in history]
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]


def test_a_loss_that_is_not_finite_is_refused(model, task, loader):
    loader.x[:] = float("nan")
    with pytest.raises(InputError, match=r"training\.learning_rate: .* no longer finite at step"):
        fit(model, task, loader, loader, settings(), threads=1)


def test_settings_that_are_not_allowed_are_refused(model, task, loader):
    with pytest.raises(InputError, match="'learning_rat' is not known; did you mean 'learning_r"):
        TrainingSettings.from_dict({"learning_rat": 1})
    with pytest.raises(InputError, match=r"training\.optimizer: 'adma' is none of adam, adamw"):
        settings(optimizer="adma")
    with pytest.raises(InputError, match=r"training\.monitor 'mc' is not known; did you mean"):
        fit(model, task, loader, loader, settings(monitor="mc"))


def test_training_restores_torch_s_threads_and_mode(model, task, loader):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fit(model, task, loader, loader, settings(epochs=1), threads=before[0] + 1)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_half_precision_learns(model, task, loader):
    history = fit(model, task, loader, loader, settings(precision="bfloat16", epochs=6))
    assert history[-1]["valid_loss"] < history[0]["valid_loss"]


def test_interruption_ends_the_process_with_code_75():
    assert Interrupted().code == 75
