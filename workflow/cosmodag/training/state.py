"""The state of a training: all that a checkpoint must contain, and nothing that follows from it."""

import logging
import math

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.settings import unknown
from cosmodag.training.optimization import MovingAverage, make_optimizer
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.task import Task

log = logging.getLogger(__name__)


class TrainingState:
    """Network, optimizer, position in the data, history and best weights of a training.

    The learning rate follows from step and history, random numbers from step and rank, the order of
    examples from seed and epoch. So none of them has a state.

    Parameters
    ----------
    model : torch.nn.Module
        The network, on its device.
    task : Task
        Task to train.
    settings : TrainingSettings
        Settings of the training.

    Attributes
    ----------
    epoch, batch, step : int
        Finished epochs, finished batches of the current epoch, steps of the optimizer so far.
    loss, examples : torch.Tensor, float64
        Sum of the loss over the current epoch's examples so far, and their count.
    seconds : float
        Time of training so far.
    history : list of dict
        A row per finished epoch.
    best : dict
        Weights of the best epoch so far, on the CPU.

    Raises
    ------
    InputError
        If the task has no score `settings.monitor`.
    """

    def __init__(self, model: nn.Module, task: Task, settings: TrainingSettings):
        if settings.monitor != "loss" and settings.monitor not in task.scores:
            raise unknown("training.monitor", settings.monitor, ["loss", *task.scores])
        self.model, self.settings = model, settings
        self.sign = -1.0 if task.scores.get(settings.monitor, False) else 1.0
        self.optimizer = make_optimizer(model, settings)
        device = next(model.parameters()).device
        scaled = settings.precision == "float16"
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.average = None
        if settings.ema_decay is not None:
            self.average = MovingAverage(model, settings.ema_decay)
        self.epoch = self.batch = self.step = 0
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.examples = torch.zeros_like(self.loss)
        self.seconds = 0.0
        self.history: list[dict] = []
        self.best = _copy_to_cpu(self.validated_model)

    @property
    def validated_model(self) -> nn.Module:
        """The network that is validated and saved: the moving average if there is one."""
        return self.model if self.average is None else self.average.model

    @property
    def monitored(self) -> list[float]:
        """The monitored metric after each epoch; lower is better."""
        return [self.sign * row[f"valid_{self.settings.monitor}"] for row in self.history]

    @property
    def best_epoch(self) -> int:
        """The epoch of the best weights, from 1; 0 before the first epoch is finished."""
        monitored = self.monitored
        return monitored.index(min(monitored)) + 1 if monitored else 0

    @property
    def finished(self) -> bool:
        """Whether all epochs are finished, or the last ones did not improve."""
        patience = self.settings.patience
        stale = patience is not None and self.epoch - self.best_epoch >= patience
        return self.epoch >= self.settings.epochs or stale

    def close_epoch(self, scores: dict[str, float]) -> None:
        """Add a row to the history, and keep the weights if they are the best so far.

        Parameters
        ----------
        scores : dict
            Loss and scores of the validation split.

        Raises
        ------
        InputError
            If a loss is not finite.
        """
        self.check_finite(scores["loss"])
        self.history.append(
            {
                "epoch": self.epoch + 1,
                "step": self.step,
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                "train_loss": (self.loss / self.examples).item(),
                **{f"valid_{name}": score for name, score in scores.items()},
                "seconds": self.seconds,
            }
        )
        self.epoch += 1
        self.batch = 0
        self.loss.zero_()
        self.examples.zero_()
        if self.best_epoch == self.epoch:
            self.best = _copy_to_cpu(self.validated_model)

    def check_finite(self, valid_loss: float = 0.0) -> None:
        """Raise an InputError if the loss of training or validation is not finite."""
        if not math.isfinite(self.loss.item() + valid_loss):
            raise InputError(
                f"training.learning_rate: with {self.settings.learning_rate} the loss is no longer "
                f"finite at step {self.step}; lower it, or lower training.clip"
            )

    def to_dict(self) -> dict:
        """Return the content of a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average.model.state_dict() if self.average else {},
            "best": self.best,
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "loss": self.loss,
            "examples": self.examples,
            "seconds": self.seconds,
            "history": self.history,
            "threads": torch.get_num_threads(),
        }

    def restore(self, saved: dict) -> None:
        """Continue from the content of a checkpoint, as `to_dict` returns it."""
        if saved["threads"] != torch.get_num_threads():
            log.warning(
                "training continues with %d threads after %d: its last bits will differ",
                torch.get_num_threads(),
                saved["threads"],
            )
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(saved["scaler"])
        if self.average:
            self.average.model.load_state_dict(saved["average"])
        for name in ("best", "epoch", "batch", "step", "seconds", "history"):
            setattr(self, name, saved[name])
        self.loss.copy_(saved["loss"])
        self.examples.copy_(saved["examples"])


def _copy_to_cpu(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of a network's weights on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
