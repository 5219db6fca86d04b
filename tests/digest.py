"""Digests of the content of results, to compare those of two versions of the code.

    python -m tests.digest results > digests.txt

Each line holds the SHA-256 of the content of one artefact: datasets of HDF5 files, examples of
shards, tensors of weights in their order, tables, and the scores, baselines and comparisons of
metrics.json. Attributes, names of tensors, times and provenance do not count.
"""

import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch

SCORES = ("scores", "baselines", "comparisons", "thresholds", "n")
LEFT_OUT = {"seconds"}
"""Columns of tables that hold times."""


def digest(path: Path) -> str | None:
    """Return the digest of the content of one file; None for a file of no kind that is compared."""
    content = hashlib.sha256()
    if path.suffix == ".h5":
        with h5py.File(path, "r") as file:
            names: list[str] = []
            file.visit(names.append)
            for name in sorted(names):
                if isinstance(file[name], h5py.Dataset):
                    content.update(name.encode())
                    _update(content, file[name][()])
    elif path.suffix == ".npy":
        _update(content, np.load(path, allow_pickle=False))
    elif path.name == "model.pt":
        for tensor in torch.load(path, map_location="cpu", weights_only=True).values():
            _update(content, tensor.numpy())
    elif path.name == "metrics.json":
        metrics = json.loads(path.read_text())
        scores = {key: metrics[key] for key in SCORES if key in metrics}
        content.update(json.dumps(scores, sort_keys=True).encode())
    elif path.suffix == ".parquet" or path.name == "history.csv":
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        for name in sorted(set(table) - LEFT_OUT):
            content.update(name.encode())
            _update(content, table[name].to_numpy())
    else:
        return None
    return content.hexdigest()


def _update(content, values: np.ndarray) -> None:
    values = np.asarray(values)
    if values.dtype.kind in "OUTS":
        content.update("\n".join(map(str, values.ravel().tolist())).encode())
    else:
        content.update(f"{values.dtype} {values.shape}".encode())
        content.update(np.ascontiguousarray(values).tobytes())


def main(folder: str) -> None:
    """Print the digest of each artefact below a folder."""
    for path in sorted(Path(folder).rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and (hashed := digest(path)):
            print(f"{hashed}  {path.relative_to(folder)}")


if __name__ == "__main__":
    main(sys.argv[1])
