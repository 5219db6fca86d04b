"""Normalization by the statistics of all ranks' part of a batch."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import distributed, nn
from torch.nn import functional

from cosmodag.models.parts.running_norm import RunningNorm

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class RanksBatchNorm(nn.Module):
    """Batch normalization by mean and variance of the examples of all ranks.

    torch's own works on GPUs only. Here the ranks' parts of a batch may differ in size and be
    empty. Parameters, buffers and their names are those of the module that is replaced.

    Parameters
    ----------
    replaced : torch.nn.BatchNorm1d, torch.nn.BatchNorm2d or torch.nn.BatchNorm3d
        A batch normalization with weights and running statistics.
    """

    running_mean: torch.Tensor
    running_var: torch.Tensor
    num_batches_tracked: torch.Tensor

    def __init__(self, replaced: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        super().__init__()
        assert replaced.momentum is not None, "statistics of all batches alike are not supported"
        self.eps, self.momentum = replaced.eps, replaced.momentum
        self.weight, self.bias = replaced.weight, replaced.bias
        for name, buffer in replaced.named_buffers():
            self.register_buffer(name, buffer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normalized values, of the shape of `x`."""
        if not self.training:
            running = self.running_mean, self.running_var
            return functional.batch_norm(x, *running, self.weight, self.bias, eps=self.eps)
        count, mean, variance = combine_moments(*moments(x))
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        self.num_batches_tracked += 1
        return _Normalize.apply(x, self.weight, self.bias, count, mean, variance, self.eps)


class _Normalize(torch.autograd.Function):
    """Normalization by statistics of all ranks, through which the gradients of all ranks flow."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        x, weight, bias, count, mean, variance, eps = inputs
        ctx.save_for_backward(x, weight, count, mean, variance)
        ctx.eps = eps
        return functional.batch_norm(x, mean, variance, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = gradients
        x, weight, count, mean, variance = ctx.saved_tensors
        # As if the statistics were constants; the rest follows from the weights' own gradients.
        grad_x = gradient
        grad_weight, grad_bias = torch.zeros_like(weight), torch.zeros_like(weight)
        if x.numel():
            grad_x, grad_weight, grad_bias = torch.ops.aten.native_batch_norm_backward(
                gradient, x, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
            )
        sums = torch.stack([grad_weight, grad_bias])
        distributed.all_reduce(sums)
        weights, biases = sums / count
        inverse = torch.rsqrt(variance + ctx.eps)
        slope = weight * inverse.square() * weights
        shift = weight * inverse * biases - slope * mean
        grad_x = grad_x - torch.addcmul(broadcast(shift, x), x, broadcast(slope, x))
        return grad_x, grad_weight, grad_bias, None, None, None, None


def moments(x: torch.Tensor) -> tuple[int, torch.Tensor, torch.Tensor]:
    """Return count, mean and variance of the values of each channel.

    Parameters
    ----------
    x : torch.Tensor, shape (b, c, …)
        Values, any floating type; b may be 0.

    Returns
    -------
    count : int
        Values per channel.
    mean, variance : torch.Tensor, shape (c,), float32
        Statistics of each channel.
    """
    zero, one = (torch.full((x.shape[1],), value, device=x.device) for value in (0.0, 1.0))
    if not x.numel():
        return 0, zero, zero
    # Running statistics in float32 make torch compute in float32, whatever the type of x.
    mean, variance = torch.batch_norm_update_stats(x.detach(), zero, one, 0.0)
    return x.numel() // x.shape[1], mean, variance


def combine_moments(
    count: int, mean: torch.Tensor, variance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Combine the moments of each rank into those of all ranks' values.

    Parameters
    ----------
    count : int
        Values per channel on this rank.
    mean, variance : torch.Tensor, shape (c,)
        Statistics on this rank.

    Returns
    -------
    count, mean, variance : torch.Tensor, shapes (1,), (c,) and (c,), float32
        Count and statistics over all ranks.
    """
    # In double precision, since the variance is a difference of two sums.
    mean, variance = mean.double(), variance.double()
    n_values = mean.new_tensor([count])
    sums = torch.cat([n_values, n_values * mean, n_values * (variance + mean.square())])
    distributed.all_reduce(sums)
    total, means, squares = sums.split([1, len(mean), len(mean)])
    mean = means / total
    variance = (squares / total - mean.square()).clamp(min=0)
    return total.float(), mean.float(), variance.float()


def broadcast(channels: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return values per channel (c,) in a shape and type that broadcast to `x`, (b, c, …)."""
    shape: Sequence[int] = (1, -1, *[1] * (x.ndim - 2))
    return channels.to(x.dtype).view(shape)


def normalize_over_ranks(module: nn.Module) -> nn.Module:
    """Replace each normalization by batch with one over all ranks.

    Parameters
    ----------
    module : torch.nn.Module
        A network, changed in place.

    Returns
    -------
    torch.nn.Module
        The network, or the replacement of a batch normalization.
    """
    if isinstance(module, _BATCH_NORMS):
        return RanksBatchNorm(module)
    if isinstance(module, RunningNorm):
        module.statistics = lambda x: combine_moments(*moments(x))[1:]
    for name, child in module.named_children():
        setattr(module, name, normalize_over_ranks(child))
    return module
