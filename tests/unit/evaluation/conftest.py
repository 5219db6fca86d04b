"""Small synthetic skies: lognormal galaxies over a field whose underdense pixels are voids."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from cosmodag.evaluation.baselines.examples import Examples

SIDE, FACTOR = 32, 4


def sub_boxes(seed: int, boxes: int, *, prefix: str = "box", each: int = 24, step: float = 8.0):
    """Overlapping square cutouts of `boxes` independent periodic fields of 96 cells a side."""
    random = np.random.default_rng(seed)
    x, y, rows = [], [], []
    for box in range(boxes):
        matter = ndimage.gaussian_filter(random.normal(size=(96, 96)), 4, mode="wrap")
        matter /= matter.std()
        galaxies = random.poisson(0.6 * np.exp(matter - 0.5))
        underdense = ndimage.gaussian_filter(matter, 1.5, mode="wrap") < -0.4
        for number in range(each):
            i, j = (int(step * (number // 5)), int(step * (number % 5) * 2) % 64)
            cut = np.s_[i : i + SIDE, j : j + SIDE]
            x.append(galaxies[cut] / 0.6 - 1)
            y.append(underdense[cut].reshape(8, FACTOR, 8, FACTOR).mean((1, 3)) >= 0.5)
            lower, upper = (i, j, 0), (i + SIDE, j + SIDE, 16)
            rows.append(
                {
                    "id": f"{prefix}{box}/{number}",
                    "group": f"{prefix}{box}",
                    "box": f"{prefix}{box}",
                }
                | {"axis": 2}
                | {f"lower_{a}": float(v) for a, v in zip("xyz", lower)}
                | {f"upper_{a}": float(v) for a, v in zip("xyz", upper)}
            )
    return Examples(np.asarray(x, np.float32)[..., None], np.asarray(y), pd.DataFrame(rows))


def part(examples: Examples, rows: np.ndarray) -> Examples:
    """Some rows of examples."""
    index = examples.index.iloc[rows].reset_index(drop=True)
    return Examples(examples.x[rows], examples.y[rows], index)


@pytest.fixture(scope="session")
def by_group() -> list[Examples]:
    """Training, validation and test from boxes of their own."""
    return [
        sub_boxes(1, 6, prefix="train"),
        sub_boxes(2, 3, prefix="valid"),
        sub_boxes(3, 5, prefix="test"),
    ]


@pytest.fixture(scope="session")
def at_random() -> list[Examples]:
    """The original's protocol: overlapping cutouts of the same boxes, dealt at random."""
    examples = sub_boxes(4, 6, each=30)
    order = np.random.default_rng(0).permutation(len(examples.x))
    return [part(examples, rows) for rows in np.split(order, [110, 140])]


@pytest.fixture(scope="session")
def make_sub_boxes():
    """The function that makes overlapping cutouts of independent boxes."""
    return sub_boxes


@pytest.fixture(scope="session")
def with_numbers():
    """A function that replaces the masks of examples by their number of void pixels."""
    return lambda examples: examples._replace(y=examples.y.sum((1, 2)).astype(np.float32))
