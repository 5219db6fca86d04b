"""Batch normalisation over the batch of all ranks."""

import torch
from torch import distributed, nn

_KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class RanksBatchNorm(nn.Module):
    """Batch normalisation whose mean and variance are those of all ranks' examples together.

    torch's own works on GPUs alone. The statistics are sums, so parts of a batch may differ in size
    and be empty. Parameters, buffers and their names are those of the module that is replaced.

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
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = self._statistics(x)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        shape = (1, -1, *[1] * (x.ndim - 2))
        return (x * scale.view(shape) + shift.view(shape)).to(x.dtype)

    def _statistics(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and variance of each channel over all ranks, and follow them."""
        axes = [0, *range(2, x.ndim)]
        # Double precision: the variance is a difference of two sums.
        total = x.sum(axes, dtype=torch.float64)
        squares = x.square().sum(axes, dtype=torch.float64)
        own = total.new_tensor([x.numel() // x.shape[1]])
        sums = _SumOverRanks.apply(torch.cat([total, squares, own]))
        total, squares, count = sums.split([len(total), len(squares), 1])
        mean = total / count
        variance = (squares / count - mean.square()).clamp(min=0)
        with torch.no_grad():
            unbiased = variance * count / (count - 1)
            self.running_mean.lerp_(mean.float(), self.momentum)
            self.running_var.lerp_(unbiased.float(), self.momentum)
            self.num_batches_tracked += 1
        return mean.float(), variance.float()


class _SumOverRanks(torch.autograd.Function):
    """The sum over ranks; each rank's part receives the gradients of all ranks' losses."""

    @staticmethod
    def forward(ctx, part: torch.Tensor) -> torch.Tensor:
        total = part.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total


def over_all_ranks(module: nn.Module) -> nn.Module:
    """Return `module` with each batch normalisation replaced by one over all ranks."""
    if isinstance(module, _KINDS):
        return RanksBatchNorm(module)
    for name, child in module.named_children():
        setattr(module, name, over_all_ranks(child))
    return module
