"""The plan of a training run: its settings, completed once from its dataset."""

import dataclasses
import os
from pathlib import Path

import torch
from torch import nn

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader
from cosmodag.datasets.transforms import input_scale
from cosmodag.errors import InputError
from cosmodag.provenance import file_hash
from cosmodag.training.checkpoint import read_weights
from cosmodag.training.completion import complete_model, complete_task
from cosmodag.training.distribution import Ranks
from cosmodag.training.encoder import build_network, describe_encoder
from cosmodag.training.prediction import load_run, run_preprocessing
from cosmodag.training.reconstruction_task import ReconstructionTask
from cosmodag.training.settings import RunSettings, TrainingSettings
from cosmodag.training.task import Task
from cosmodag.training.tasks import make_task


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """All that a training run needs, apart from where and on what hardware it runs.

    Attributes
    ----------
    dataset : Dataset
        Dataset that the run is trained on.
    settings : RunSettings
        Settings as the user gave them.
    task : Task
        The task.
    training : TrainingSettings
        Settings of the training loop.
    description : dict
        The completed settings, as run.json records them. Their hash identifies the run.
    encoder_weights : dict or None
        Weights of the frozen encoder that precedes the network, by name.
    """

    dataset: Dataset
    settings: RunSettings
    task: Task
    training: TrainingSettings
    description: dict
    encoder_weights: dict[str, torch.Tensor] | None = None

    @classmethod
    def complete(cls, settings: RunSettings, dataset: Dataset) -> "RunPlan":
        """Complete the settings of a run from its dataset.

        Parameters
        ----------
        settings : RunSettings
            Settings of the run.
        dataset : Dataset
            Dataset that the run is trained on.

        Raises
        ------
        InputError
            If a setting is unknown, does not fit the dataset, or names a missing file.
        """
        training = TrainingSettings.from_dict({"seed": settings.seed, **settings.training})
        task_settings = complete_task(settings.task, dataset)
        task = make_task(**task_settings)
        if isinstance(task, ReconstructionTask):
            input_scale(settings.transform, dataset.statistics)  # refuses what cannot be undone
        encoder = weights = None
        if settings.encoder is not None:
            network, _, described = load_run(settings.encoder)
            encoder = describe_encoder(settings.encoder, described, dataset)
            weights = network.encoder.state_dict()
        description = {
            "model": complete_model(settings.model, dataset, task, encoder),
            "task": task_settings,
            "training": vars(training),
            "transform": settings.transform,
            "augment": settings.augment,
            "seed": settings.seed,
            "initial": _weights_hash(settings.initial),
            "dataset": dataset.sha256,
        }
        # Only where they are set, so that the hash of other runs does not depend on them.
        description |= {"noise": dict(settings.noise)} if settings.noise is not None else {}
        description |= {"encoder": encoder} if encoder is not None else {}
        return cls(dataset, settings, task, training, description, weights)

    @property
    def inputs(self) -> list[Path]:
        """Files that the run depends on."""
        encoder, initial = self.settings.encoder, self.settings.initial
        return [
            self.dataset.folder / "dataset.json",
            *([] if encoder is None else [Path(encoder) / "run.json"]),
            *([] if initial is None else [Path(initial)]),
        ]

    def build_network(self) -> nn.Module:
        """Build the network with its initial weights, which depend on the seed alone."""
        torch.manual_seed(self.settings.seed)
        network = build_network(self.description["model"], self.description.get("encoder"))
        if self.encoder_weights is not None:
            network.encoder.load_state_dict(self.encoder_weights)
        if self.settings.initial is not None:
            load_initial(network, self.settings.initial)
        return network

    def loader(self, split: str, dataset: Dataset, ranks: Ranks) -> Loader:
        """Return this rank's batches of a split; the training split is shuffled and augmented.

        Parameters
        ----------
        split : {"train", "valid"}
            The split to read.
        dataset : Dataset
            The run's dataset, or a copy of it on a disk nearby.
        ranks : Ranks
            This process among those that train together.
        """
        training = split == "train"
        return Loader(
            dataset,
            split,
            target=self.task.target,
            batch_size=self.training.batch_size,
            preprocessing=run_preprocessing(
                self.description, augment=self.settings.augment if training else None
            ),
            seed=self.settings.seed,
            shuffle=training,
            rank=ranks.rank,
            world_size=ranks.size,
        )


def load_initial(network: nn.Module, path: str | os.PathLike) -> None:
    """Load the weights of a file into a network of the same shape."""
    try:
        network.load_state_dict(read_weights(path))
    except RuntimeError as error:
        raise InputError(f"initial: {path} contains weights of another network") from error


def _weights_hash(path: str | os.PathLike | None) -> str | None:
    """Return the SHA-256 of the file of initial weights."""
    if path is None:
        return None
    if not Path(path).is_file():
        raise InputError(f"initial: no file {path}; give the model.pt of an earlier run")
    return file_hash(path)
