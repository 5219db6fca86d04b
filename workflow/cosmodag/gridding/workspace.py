"""Scratch memory of mass assignment, which calls in a row can share."""

import numpy as np


class Workspace:
    """Arrays by name that grow and stay, since touching new memory is slow.

    Pass one to several calls of `assign_mass`, from one thread at a time. `bytes` tells what it
    holds.
    """

    def __init__(self):
        self._arrays = {}

    def array(self, name: str, shape: tuple[int, ...], dtype, *, zeroed: bool = False):
        """Array of this shape; its values are old ones, or zeros that the borrower restores."""
        size = int(np.prod(shape))
        held = self._arrays.get(name)
        if held is None or held.size < size or held.dtype != dtype:
            make = np.zeros if zeroed else np.empty
            self._arrays[name] = held = make(size, dtype)
        return held[:size].reshape(shape)

    @property
    def bytes(self) -> int:
        """Memory held."""
        return sum(array.nbytes for array in self._arrays.values())
