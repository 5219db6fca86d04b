"""Slices that are zero everywhere are scored separately, or refused where there are no others."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Subset
from cosmodag.reionization.evaluation.empty_slices import separate_empty


def subset(valid, test) -> Subset:
    """Return a subset with these flags and the number of each slice as its truth."""
    examples = {
        split: Examples(
            np.zeros((len(flags), 2, 2, 1)),
            np.arange(len(flags), dtype=float),
            pd.DataFrame({"all_zero": flags}),
        )
        for split, flags in (("train", [0]), ("valid", valid), ("test", test))
    }
    return Subset(examples, {split: {} for split in ("valid", "test")}, {})


def test_empty_slices_are_separated():
    with_signal, empty = separate_empty(subset([0, 0, 1], [0, 1, 0]))
    assert with_signal.examples["test"].y.tolist() == [0, 2]
    assert empty.examples["test"].y.tolist() == [1]


def test_without_empty_slices_nothing_is_separated():
    assert separate_empty(subset([0, 1], [0, 0]))[1] is None


def test_a_test_split_of_empty_slices_alone_is_refused():
    with pytest.raises(InputError, match=r"all 2 slices are 0 everywhere.*add cubes"):
        separate_empty(subset([0, 0], [1, 1]))
