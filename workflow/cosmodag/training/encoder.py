"""The encoder of a trained auto-encoder, frozen, in front of another network."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models import registry
from cosmodag.provenance import file_hash


class Encoded(nn.Module):
    """A network that reads what a frozen encoder makes of its input.

    Parameters
    ----------
    encoder
        Its weights are never changed, nor is it ever in the mode of training.
    network
        What is trained.
    """

    def __init__(self, encoder: nn.Module, network: nn.Module):
        super().__init__()
        self.encoder, self.network = encoder.requires_grad_(False), network

    def train(self, mode: bool = True) -> "Encoded":
        """Set the mode of the network alone."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(self.encoder(x))


def build_network(model: Mapping, encoder: Mapping | None = None) -> nn.Module:
    """Build a run's network from its description, behind an encoder where it has one."""
    network = registry.build(**model)
    if encoder is None:
        return network
    return Encoded(registry.build(**encoder["model"]).encoder, network)


def describe_encoder(run_folder: str | os.PathLike, description: Mapping, dataset: Mapping) -> dict:
    """Return what a run must know of the encoder that it reads through.

    Parameters
    ----------
    run_folder
        Folder of a trained run of task ``reconstruction``.
    description
        Its run.json.
    dataset
        The dataset.json of the run that is to use it.

    Raises
    ------
    InputError
        If the run trained no encoder, read other channels, or saw a group that is to be tested on.
    """
    name = Path(run_folder).name
    if description["task"]["name"] != "reconstruction" or description.get("encoder"):
        raise InputError(
            f"encoder {name}: its task is {description['task']['name']}; give a run of task "
            "reconstruction"
        )
    read = description["task"]["channels"]
    if read != dataset["x_channels"]:
        raise InputError(
            f"encoder {name}: it reads {', '.join(read)} and the dataset holds "
            f"{', '.join(dataset['x_channels'])}; train it on the same channels"
        )
    seen = sorted(set(description["seen"]) & set(dataset["groups"]["test"]))
    if seen and dataset["protocol"] == "group":
        raise InputError(
            f"encoder {name}: it saw {', '.join(seen[:5])}, which are to be tested on; train it on "
            "a dataset of the same split"
        )
    return {
        "run": name,
        "model": description["model"],
        "transform": description["transform"],
        "statistics": description["statistics"],
        "weights": file_hash(Path(run_folder) / "model.pt"),
    }
