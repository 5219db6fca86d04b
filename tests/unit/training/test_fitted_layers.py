"""Layers are fixed by the training set before training, the same in every process."""

import numpy as np
import pytest
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.models.registry import build
from cosmodag.training import fitted_layers
from cosmodag.training.fitted_layers import fit_layers


def loader(folder, rank: int = 0) -> Loader:
    return Loader(
        Dataset.open(folder),
        "train",
        target={"columns": ["redshift_class"]},
        batch_size=32,
        preprocessing=Preprocessing("standardise", "periodic", {"rms": 4.0, "beam": 2.0}),
        seed=3,
        shuffle=True,
        rank=rank,
        world_size=2,
    )


def fitted(folder, rank: int = 0) -> torch.nn.Module:
    torch.manual_seed(0)
    network = build("slicenet", side=32, width=4, hidden=8)
    before = {name: values.clone() for name, values in network.named_parameters()}
    fit_layers(network, loader(folder, rank))
    for name, values in network.named_parameters():
        assert torch.equal(values, before[name])
    return network.eval()


def test_features_of_training_slices_are_normal_variables(slices, monkeypatch):
    monkeypatch.setattr(fitted_layers, "N_EXAMPLES", 200)
    network, train = fitted(slices), loader(slices)
    summaries, (normalize, *_), *_ = network.perceptron
    x = train.read(np.arange(len(train.index)), 5).x  # other noise than that of epoch 0
    with torch.no_grad():
        z = normalize(summaries(x))
    varying = z.std(0) > 0.1
    assert varying.float().mean() > 0.95
    assert z[:, varying].median(0).values.abs().median() < 0.2
    assert z[:, varying].std(0).median().item() == pytest.approx(1, abs=0.2)


def test_all_processes_find_the_same_quantiles(slices):
    first, second = (fitted(slices, rank).state_dict() for rank in range(2))
    for name, values in first.items():
        assert torch.equal(values, second[name]), name
