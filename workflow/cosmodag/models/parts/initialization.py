"""First weights as the originals' library draws them."""

from torch import nn


def like_keras(network: nn.Module) -> None:
    """Draw the weights of convolutions and full layers anew, uniform with the variance that keeps
    that of signals and gradients (Glorot & Bengio 2010, AISTATS 9, 249); set biases to 0.

    Keras does so unless it is told otherwise. The weights that torch draws are smaller by about the
    root of three, with which the auto-encoder, a deep stack without normalisation, starts later.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
