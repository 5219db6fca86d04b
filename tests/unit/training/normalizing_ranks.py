"""Ranks that normalize parts of a batch and compare with torch's normalization of the whole batch.

torchrun --nproc-per-node 2 normalizing_ranks.py
"""

import copy
import itertools

import torch
from torch import nn

from cosmodag.models.parts.running_norm import RunningNorm
from cosmodag.training.distribution import connected
from cosmodag.training.normalization import normalize_over_ranks

CASES = (
    ((), nn.BatchNorm1d),
    ((6, 5), nn.BatchNorm2d),
    ((3, 6, 5), nn.BatchNorm3d),
    ((), RunningNorm),
)
N_FIRST = (5, 0)
"""Number of the 12 examples on the first rank."""
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def main() -> None:
    with connected() as ranks:
        for (axes, kind), n_first, dtype in itertools.product(CASES, N_FIRST, TOLERANCES):
            part = slice(0, n_first) if ranks.first else slice(n_first, None)
            for name, (actual, expected) in normalize(axes, kind, part, dtype, ranks).items():
                case = f"{kind.__name__}, {name}, {n_first}, {dtype}"
                check(case, actual, expected, TOLERANCES[dtype])


def check(case: str, actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    """Compare tensors, and name the case where they differ."""
    torch.testing.assert_close(
        actual,
        expected,
        rtol=tolerance,
        atol=tolerance,
        msg=lambda difference: f"{case}: {difference}",
    )


def normalize(axes, kind, part, dtype, ranks) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return this rank's results and the expected ones, by name."""
    torch.manual_seed(0)
    x = (torch.randn(12, 8, *axes) * 3 + 7).to(dtype)
    gradient = torch.randn_like(x)
    whole = kind(8)
    nn.init.normal_(whole.weight)
    shared = normalize_over_ranks(copy.deepcopy(whole))
    whole_x, own_x = x.clone().requires_grad_(), x[part].clone().requires_grad_()
    whole(whole_x).backward(gradient)
    shared(own_x).backward(gradient[part])
    results = {
        "gradient": (own_x.grad, whole_x.grad[part]),
        "weights": (ranks.add(shared.weight.grad), whole.weight.grad),
        "biases": (ranks.add(shared.bias.grad), whole.bias.grad),
        "mean": (shared.running_mean, whole.running_mean),
        "variance": (shared.running_var, whole.running_var),
        "output": (shared(own_x), whole(whole_x)[part]),
    }
    whole.eval(), shared.eval()
    return results | {"evaluation": (shared(own_x), whole(whole_x)[part])}


if __name__ == "__main__":
    main()
