"""Initial weights as Keras draws them, the library of some published networks."""

from torch import nn


def initialize_like_keras(network: nn.Module) -> None:
    """Draw the weights of convolutions and linear layers as Keras does by default; zero the biases.

    Weights are uniform with the variance that preserves the variance of signals and gradients.
    torch's default weights are smaller by about a factor of √3, with which a deep stack without
    normalization, such as the auto-encoder, learns later.

    Parameters
    ----------
    network : torch.nn.Module
        The network, changed in place.

    References
    ----------
    Glorot & Bengio 2010, AISTATS 9, 249.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
