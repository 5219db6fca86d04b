"""The geometry that a configuration is checked by is that of the cutouts."""

from types import SimpleNamespace

import numpy as np
import pytest

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry, sub_box_lattices
from cosmodag.dag.sub_box_groups import SubBoxes
from cosmodag.errors import InputError
from cosmodag.schema_errors import ConfigError


def drawn(rng: np.random.Generator) -> tuple[dict, dict]:
    """Return a box and a geometry of sub-boxes at random."""
    box = {
        "cells": tuple(int(n) for n in rng.integers(8, 40, 3)),
        "periodic": bool(rng.random() < 0.5),
    }
    geometry = {
        "side": int(rng.integers(1, 16)),
        "depth": int(rng.integers(1, 16)),
        "stride": int(rng.integers(1, 9)),
        "stride_depth": int(rng.integers(1, 9)),
        "axes": [int(axis) for axis in rng.permutation(3)[: rng.integers(1, 4)]],
        "wrap": box["periodic"] and bool(rng.random() < 0.3),
        "positions": [int(n) for n in rng.integers(1, 4, 3)] if rng.random() < 0.3 else None,
        "regions": [int(n) for n in rng.integers(1, 4, 3)] if rng.random() < 0.7 else None,
    }
    return box, geometry


@pytest.mark.parametrize("seed", range(100))
def test_groups_are_those_of_the_cutouts(seed):
    rng = np.random.default_rng(seed)
    box, geometry = drawn(rng)
    buffer = float(rng.integers(0, 6))  # of cells of 2 Mpc/h
    boxes = SimpleNamespace(name="grid.h5", cell_size=np.full(3, 2.0), **box)
    here = SubBoxes(**box, **geometry, buffer=(buffer / 2,) * 3)
    try:
        lattices = sub_box_lattices(boxes, SubBoxGeometry(**geometry, buffer=buffer))
    except InputError:
        with pytest.raises(ConfigError):
            here.groups(("cutouts",))
    else:
        expected = np.unique(np.concatenate([lattice.regions for lattice in lattices]), axis=0)
        assert here.groups(("cutouts",)) == len(expected)
