"""Ranks that normalise parts of a batch and compare with what torch makes of the whole of it.

torchrun --nproc-per-node 2 normalizing_ranks.py
"""

import copy
import itertools

import torch
from torch import nn

from cosmodag.models.parts.running_norm import RunningNorm
from cosmodag.training.distribution import connected
from cosmodag.training.normalization import over_all_ranks

CASES = (
    ((), nn.BatchNorm1d),
    ((6, 5), nn.BatchNorm2d),
    ((3, 6, 5), nn.BatchNorm3d),
    ((), RunningNorm),
)
FIRST = (5, 0)
"""How many of 12 examples the first rank holds."""
PRECISIONS = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def main() -> None:
    with connected() as ranks:
        for (axes, kind), first, dtype in itertools.product(CASES, FIRST, PRECISIONS):
            part = slice(0, first) if ranks.first else slice(first, None)
            for name, (found, expected) in normalised(axes, kind, part, dtype, ranks).items():
                what = f"{kind.__name__}, {name}, {first}, {dtype}"
                check(what, found, expected, PRECISIONS[dtype])


def check(what: str, found: torch.Tensor, expected: torch.Tensor, within: float) -> None:
    """Compare, and name what differs."""
    torch.testing.assert_close(
        found, expected, rtol=within, atol=within, msg=lambda difference: f"{what}: {difference}"
    )


def normalised(axes, kind, part, dtype, ranks) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return what this rank's part gives and what it is to give, by name."""
    torch.manual_seed(0)
    x = (torch.randn(12, 8, *axes) * 3 + 7).to(dtype)
    gradient = torch.randn_like(x)
    whole = kind(8)
    nn.init.normal_(whole.weight)
    parts = over_all_ranks(copy.deepcopy(whole))
    expected, found = x.clone().requires_grad_(), x[part].clone().requires_grad_()
    whole(expected).backward(gradient)
    parts(found).backward(gradient[part])
    results = {
        "gradient": (found.grad, expected.grad[part]),
        "weights": (ranks.add(parts.weight.grad), whole.weight.grad),
        "biases": (ranks.add(parts.bias.grad), whole.bias.grad),
        "mean": (parts.running_mean, whole.running_mean),
        "variance": (parts.running_var, whole.running_var),
        "output": (parts(found), whole(expected)[part]),
    }
    whole.eval(), parts.eval()
    return results | {"evaluated": (parts(found), whole(expected)[part])}


if __name__ == "__main__":
    main()
