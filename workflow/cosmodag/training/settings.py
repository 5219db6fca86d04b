"""How to train: the settings of the loop, checked when they are made."""

import dataclasses

from cosmodag.errors import InputError
from cosmodag.models.registry import check_settings

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop")
SCHEDULES = ("constant", "cosine", "plateau")
PRECISIONS = ("float32", "bfloat16", "float16")


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """Settings of `cosmodag.training.loop.fit`.

    Parameters
    ----------
    epochs
        Passes over the training split, at most.
    batch_size
        Examples in a batch, over all ranks together.
    accumulate
        Batches whose gradients are added up before each step of the optimizer.
    optimizer
        ``"adam"``, ``"adamw"``, ``"sgd"`` or ``"rmsprop"``.
    learning_rate, weight_decay, momentum
        Of the optimizer; `momentum` is that of sgd and rmsprop.
    schedule
        ``"constant"``; ``"cosine"``, down to zero at the last epoch; or ``"plateau"``, times
        `plateau_factor` whenever `monitor` has not improved for `plateau_epochs` epochs.
    warmup
        Part of all steps over which the learning rate first rises linearly.
    clip
        Largest norm of the gradient; None leaves it as it is.
    average
        Decay per step of an exponential moving average of the weights, which is then what is
        validated and kept; None keeps the weights themselves.
    monitor
        Metric of the validation split that chooses the best epoch: ``"loss"`` or one of the task's.
    patience
        Epochs without improvement of `monitor` after which training stops; None never stops early.
    precision
        ``"float32"``; ``"bfloat16"`` or ``"float16"`` compute layers in half precision on a GPU.
    channels_last
        Whether maps are laid out with channels last in memory, which convolutions prefer.
    deterministic
        Whether only algorithms are used that give the same result every time.
    seed
        Seed of dropout; the order of examples and the initial weights have their own.
    checkpoint_seconds, checkpoint_steps
        A checkpoint is written after so many seconds and, unless None, after so many steps.
    profile_steps
        Steps to record in the run's trace.json; 0 records none.

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
    average: float | None = None
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
        if self.average is not None and not 0 < self.average < 1:
            raise InputError(f"training.average: {self.average} is not in (0, 1)")

    @classmethod
    def from_dict(cls, settings: dict) -> "TrainingSettings":
        """Make settings from a dictionary; of an unknown key the nearest known one is named."""
        check_settings(settings, [f.name for f in dataclasses.fields(cls)], "setting of training:")
        return cls(**settings)
