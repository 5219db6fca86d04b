"""The encoder of a trained auto-encoder, frozen, in front of another network."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.models import registry
from cosmodag.provenance import file_hash


class Encoded(nn.Module):
    """A network whose input passes through a frozen encoder first.

    Parameters
    ----------
    encoder : torch.nn.Module
        The encoder. Its weights are frozen and it stays in evaluation mode.
    network : torch.nn.Module
        The network to train, from the encoder's output.
    """

    def __init__(self, encoder: nn.Module, network: nn.Module):
        super().__init__()
        self.encoder, self.network = encoder.requires_grad_(False), network

    def train(self, mode: bool = True) -> "Encoded":
        """Set the mode of the network; the encoder stays in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the network's output for the encoded input."""
        return self.network(self.encoder(x))


def build_network(model: Mapping, encoder: Mapping | None = None) -> nn.Module:
    """Build the network of a run.

    Parameters
    ----------
    model : mapping
        ``{"name": family, **settings}`` of the network.
    encoder : mapping, optional
        Description of the frozen encoder that precedes it, as `describe_encoder` returns it.

    Returns
    -------
    torch.nn.Module
        The network, or an `Encoded` one.
    """
    network = registry.build(**model)
    if encoder is None:
        return network
    return Encoded(registry.build(**encoder["model"]).encoder, network)


def describe_encoder(run_folder: str | os.PathLike, description: Mapping, dataset: Dataset) -> dict:
    """Return what a run records about the encoder that precedes its network.

    Parameters
    ----------
    run_folder : path-like
        Folder of a trained run of task ``reconstruction``.
    description : mapping
        Contents of its run.json.
    dataset : Dataset
        Dataset of the run that is to use the encoder.

    Returns
    -------
    dict
        ``run``, the encoder's name; ``model``, its settings; ``transform`` and ``statistics``, by
        which its input is scaled; ``weights``, the SHA-256 of its model.pt.

    Raises
    ------
    InputError
        If the run has another task, was trained on other channels, or was trained on a group of
        the test split.
    """
    name = Path(run_folder).name
    if description["task"]["name"] != "reconstruction" or description.get("encoder"):
        raise InputError(
            f"encoder {name}: its task is {description['task']['name']}; give a run of task "
            "reconstruction"
        )
    channels = description["task"]["channels"]
    if channels != dataset.x_channels:
        raise InputError(
            f"encoder {name}: it was trained on {', '.join(channels)}, but the dataset has "
            f"{', '.join(dataset.x_channels)}; train it on the same channels"
        )
    leaked = sorted(set(description["seen"]) & set(dataset.groups["test"]))
    if leaked and dataset.description["protocol"] == "group":
        raise InputError(
            f"encoder {name}: it was trained on {', '.join(leaked[:5])} of the test split; train "
            "it on a dataset with the same split"
        )
    return {
        "run": name,
        "model": description["model"],
        "transform": description["transform"],
        "statistics": description["statistics"],
        "weights": file_hash(Path(run_folder) / "model.pt"),
    }
