"""Settings of a run and of its training, checked when they are made."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

from cosmodag.errors import InputError
from cosmodag.models.registry import check_settings

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop")
SCHEDULES = ("constant", "cosine", "plateau")
PRECISIONS = ("float32", "bfloat16", "float16")


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """Settings of a training run: what is trained, on which view of the input, and how.

    Parameters
    ----------
    model : mapping
        ``{"name": family, **settings}`` of `cosmodag.models.registry`. Channels, outputs and head
        follow from dataset and task unless they are set.
    task : mapping
        ``{"name": name, **settings}`` of `cosmodag.training.tasks`. Settings that follow from the
        dataset may be left out.
    training : mapping
        Settings of `TrainingSettings`.
    transform : str, optional
        Transform of the input, a name known to `cosmodag.datasets.transforms.build_transform`.
    augment : str or sequence of str, optional
        Augmentation of the training split, see `cosmodag.datasets.augmentation`.
    noise : mapping, optional
        Settings of `cosmodag.datasets.thermal_noise.ThermalNoise`, added to the input.
    encoder : path-like, optional
        Folder of a trained run of task ``reconstruction``. Its frozen encoder precedes the network
        and its transform replaces `transform`.
    initial : path-like, optional
        A model.pt of a network of the same shape, whose weights the run starts from.
    seed : int
        Seed of the initial weights, the order of examples, augmentation and dropout.
    """

    model: Mapping
    task: Mapping
    training: Mapping = dataclasses.field(default_factory=dict)
    transform: str | None = None
    augment: str | Sequence[str] | None = None
    noise: Mapping | None = None
    encoder: str | os.PathLike | None = None
    initial: str | os.PathLike | None = None
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """Settings of `cosmodag.training.loop.fit`.

    Parameters
    ----------
    epochs : int
        Largest number of passes over the training split.
    batch_size : int
        Examples in a batch, over all ranks together.
    accumulate : int
        Batches whose gradients are summed before each step of the optimizer.
    optimizer : {"adam", "adamw", "sgd", "rmsprop"}
        Optimizer.
    learning_rate, weight_decay : float
        Learning rate and weight decay of the optimizer.
    momentum : float
        Momentum of sgd and rmsprop.
    schedule : {"constant", "cosine", "plateau"}
        Learning-rate schedule. ``"cosine"`` decays to zero at the last epoch. ``"plateau"``
        multiplies by `plateau_factor` whenever `monitor` has not improved for `plateau_epochs`
        epochs.
    warmup : float
        Fraction of all steps over which the learning rate first rises linearly, in [0, 1).
    plateau_epochs : int
        Epochs without improvement before ``"plateau"`` lowers the learning rate.
    plateau_factor : float
        Factor by which ``"plateau"`` lowers the learning rate.
    clip : float or None
        Largest norm of the gradient; None does not clip.
    ema_decay : float or None
        Decay per step of an exponential moving average of the weights, which is then validated and
        saved, in (0, 1); None uses the weights themselves.
    monitor : str
        Metric of the validation split that selects the best epoch: ``"loss"`` or a score of the
        task.
    patience : int or None
        Epochs without improvement of `monitor` after which training stops; None never stops early.
    precision : {"float32", "bfloat16", "float16"}
        Precision in which a GPU computes layers.
    channels_last : bool
        Whether maps have their channels last in memory, which speeds up convolutions.
    deterministic : bool
        Whether to use only algorithms whose results are reproducible.
    seed : int
        Seed of dropout.
    checkpoint_seconds : float
        Seconds between checkpoints.
    checkpoint_steps : int or None
        Steps between checkpoints, in addition; None uses `checkpoint_seconds` alone.
    profile_steps : int
        Steps recorded in trace.json of the run folder; 0 records none.

    Raises
    ------
    InputError
        If a value is not allowed.
    """

    epochs: int = 20
    batch_size: int = 32
    accumulate: int = 1
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    momentum: float = 0.9
    schedule: str = "cosine"
    warmup: float = 0.05
    plateau_epochs: int = 5
    plateau_factor: float = 0.3
    clip: float | None = 1.0
    ema_decay: float | None = None
    monitor: str = "loss"
    patience: int | None = None
    precision: str = "float32"
    channels_last: bool = True
    deterministic: bool = True
    seed: int = 0
    checkpoint_seconds: float = 60.0
    checkpoint_steps: int | None = None
    profile_steps: int = 0

    def __post_init__(self):
        for key, allowed in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, key) not in allowed:
                raise InputError(
                    f"training.{key}: {getattr(self, key)!r} is none of {', '.join(allowed)}"
                )
        for key in ("epochs", "batch_size", "accumulate", "learning_rate"):
            if not getattr(self, key) > 0:
                raise InputError(f"training.{key}: {getattr(self, key)} must be above 0")
        if not 0 <= self.warmup < 1:
            raise InputError(f"training.warmup: {self.warmup} is not in [0, 1)")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise InputError(f"training.ema_decay: {self.ema_decay} is not in (0, 1)")

    @classmethod
    def from_dict(cls, settings: Mapping) -> "TrainingSettings":
        """Make settings from a mapping of their names.

        Raises
        ------
        InputError
            If a name is unknown, with the nearest known one, or a value is not allowed.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        check_settings(settings, names, "setting of training:")
        return cls(**settings)
