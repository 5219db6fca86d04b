"""Normalisation by the batch of all ranks."""

import torch
from torch import distributed, nn
from torch.nn import functional

from cosmodag.models.parts.running_norm import RunningNorm

_KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class RanksBatchNorm(nn.Module):
    """Batch normalisation whose mean and variance are those of all ranks' examples together.

    torch's own works on GPUs alone. Parts of a batch may differ in size and be empty. Parameters,
    buffers and their names are those of the module that is replaced.

    Parameters
    ----------
    replaced
        A batch normalisation with weights and running statistics.
    """

    def __init__(self, replaced: nn.Module):
        super().__init__()
        self.eps, self.momentum = replaced.eps, replaced.momentum
        self.weight, self.bias = replaced.weight, replaced.bias
        for name, buffer in replaced.named_buffers():
            self.register_buffer(name, buffer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            running = self.running_mean, self.running_var
            return functional.batch_norm(x, *running, self.weight, self.bias, eps=self.eps)
        count, mean, variance = over_ranks(*moments(x))
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        self.num_batches_tracked += 1
        return _Normalised.apply(x, self.weight, self.bias, count, mean, variance, self.eps)


class _Normalised(torch.autograd.Function):
    """Normalisation by statistics of all ranks, which all ranks' gradients flow through."""

    @staticmethod
    def forward(ctx, x, weight, bias, count, mean, variance, eps):
        ctx.save_for_backward(x, weight, count, mean, variance)
        ctx.eps = eps
        return functional.batch_norm(x, mean, variance, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, count, mean, variance = ctx.saved_tensors
        # As if the statistics were constants; the rest follows from the weights' own gradients.
        of_x, of_weight, of_bias = gradient, torch.zeros_like(weight), torch.zeros_like(weight)
        if x.numel():
            of_x, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
                gradient, x, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
            )
        sums = torch.stack([of_weight, of_bias])
        distributed.all_reduce(sums)
        weights, biases = sums / count
        inverse = torch.rsqrt(variance + ctx.eps)
        slope = weight * inverse.square() * weights
        shift = weight * inverse * biases - slope * mean
        of_x = of_x - torch.addcmul(over_axes(shift, x), x, over_axes(slope, x))
        return of_x, of_weight, of_bias, None, None, None, None


def moments(x: torch.Tensor) -> tuple[int, torch.Tensor, torch.Tensor]:
    """Return how many values each channel of `x` has, their mean and their variance, in float32."""
    zero, one = (torch.full((x.shape[1],), value, device=x.device) for value in (0.0, 1.0))
    if not x.numel():
        return 0, zero, zero
    # Statistics that are followed in float32 are computed in float32, whatever x is stored in.
    mean, variance = torch.batch_norm_update_stats(x.detach(), zero, one, 0.0)
    return x.numel() // x.shape[1], mean, variance


def over_ranks(
    count: int, mean: torch.Tensor, variance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return count, mean and variance of all ranks' values, from those of each rank's own."""
    # In double precision, since the variance is a difference of two sums.
    mean, variance = mean.double(), variance.double()
    own = mean.new_tensor([count])
    sums = torch.cat([own, own * mean, own * (variance + mean.square())])
    distributed.all_reduce(sums)
    count, total, squares = sums.split([1, len(mean), len(mean)])
    mean = total / count
    variance = (squares / count - mean.square()).clamp(min=0)
    return count.float(), mean.float(), variance.float()


def over_axes(channels: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return a value for each channel in a shape and type that combine with `x`."""
    return channels.to(x.dtype).view(1, -1, *[1] * (x.ndim - 2))


def over_all_ranks(module: nn.Module) -> nn.Module:
    """Return `module` with each normalisation by batches made one over all ranks."""
    if isinstance(module, _KINDS):
        return RanksBatchNorm(module)
    if isinstance(module, RunningNorm):
        module.statistics = lambda x: over_ranks(*moments(x))[1:]
    for name, child in module.named_children():
        setattr(module, name, over_all_ranks(child))
    return module
