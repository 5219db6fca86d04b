"""Tables of matches of all batches of bricks, read part by part."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.injections.transfer.injection_matches import AMBIGUOUS, DETECTED, MISSED, SPURIOUS
from cosmodag.injections.transfer.variables import columns
from cosmodag.tables import read_attributes, read_parts

CURE = "match the injections again by `cosmodag injections match`"
MOST_GROUPS = 60
"""Most groups of intervals; neighbouring bricks of larger surveys are joined."""
MOST_SAMPLED = 100_000
"""Most injections that the edges of bins are chosen from, and that models are fitted to."""


@dataclass(frozen=True)
class Groups:
    """Independent groups of injections.

    Attributes
    ----------
    unit : {"bricks", "runs", "injections"}
        Bricks; runs of injections into one brick, which share its sky; or no groups, where there is
        one run.
    n_units : int
        Number of bricks or runs; 1 without groups.
    codes : dict from str to int
        Number of the group of each brick or run, from 0.
    """

    unit: str
    n_units: int
    codes: dict[str, int]

    @property
    def n_groups(self) -> int:
        """Number of groups, below that of bricks where neighbours are joined."""
        return max(self.codes.values()) + 1 if self.codes else 1

    def of(self, table: pd.DataFrame) -> np.ndarray:
        """Return the group of each row of a table with the columns brick and run, (N,) int64."""
        if not self.codes:
            return np.zeros(len(table), np.int64)
        return table["brick" if self.unit == "bricks" else "run"].map(self.codes).to_numpy(np.int64)


def choose_groups(bricks: Sequence[str], runs: Sequence[str]) -> Groups:
    """Return the independent groups of injections into bricks.

    Parameters
    ----------
    bricks, runs : sequence of str
        Names of all bricks, and of all runs of injections.

    Returns
    -------
    Groups
        The names of bricks begin with their right ascension, so neighbours in order are neighbours
        on the sky.
    """
    unit, names = ("bricks", sorted(bricks)) if len(bricks) > 1 else ("runs", sorted(runs))
    if len(names) < 2:
        return Groups("injections", 1, {})
    n_groups = min(len(names), MOST_GROUPS)
    codes = {name: number * n_groups // len(names) for number, name in enumerate(names)}
    return Groups(unit, len(names), codes)


@dataclass
class Overview:
    """What is known of all tables before anything is measured.

    Attributes
    ----------
    counts : collections.Counter
        Number of rows of each status, and under "unchecked" of injections into bricks without a
        catalogue of earlier sources.
    sample : pandas.DataFrame
        At most about `MOST_SAMPLED` injections that are detected or missed.
    groups : Groups
        Independent groups.
    n_rejected : dict from str to int
        Number of bricks and of objects that were left out.
    settings : dict
        Settings of the matches.
    """

    counts: Counter = field(default_factory=Counter)
    sample: pd.DataFrame = field(default_factory=pd.DataFrame)
    groups: Groups = field(default_factory=lambda: Groups("injections", 1, {}))
    n_rejected: dict[str, int] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


class MatchTables:
    """Tables of matches that `cosmodag.injections.transfer.match_survey` wrote.

    Parameters
    ----------
    paths : sequence of path
        The tables, one per batch of bricks.
    reference : str
        Band of depth and seeing.

    Raises
    ------
    InputError
        If a table cannot be read, the tables differ in their settings, or they lack the band.
    """

    def __init__(self, paths: Sequence[str | os.PathLike], reference: str):
        self.paths = list(paths)
        self.attributes = [read_attributes(path, CURE) for path in self.paths]
        self.settings: dict[str, Any] = self.attributes[0].get("settings", {})
        for path, attributes in zip(self.paths, self.attributes):
            if attributes.get("settings") != self.settings:
                raise InputError(f"{path}: matched with other settings than {paths[0]}; {CURE}")
        self.bands: list[str] = list(self.settings.get("bands", []))
        if reference not in self.bands:
            known = ", ".join(self.bands)
            raise InputError(f"reference: {reference!r} is not among the bands; known: {known}")
        self.reference = reference

    def parts(self, names: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows of all tables part by part.

        Parameters
        ----------
        names : sequence of str, optional
            Columns to read; by default those that transfer functions are measured from.
        """
        names = columns(self.bands, self.reference) if names is None else names
        for path in self.paths:
            yield from read_parts(path, CURE, columns=names)

    def overview(self) -> Overview:
        """Count the rows of all tables, sample them, and choose groups.

        Raises
        ------
        InputError
            If no injection is detected or missed, or rows of the tables repeat a brick.
        """
        n_rows = sum(attributes["n_rows"] for attributes in self.attributes)
        fraction = min(1.0, MOST_SAMPLED / max(n_rows, 1))
        random = np.random.default_rng(0)
        found = Overview(settings=self.settings)
        bricks: dict[str, str | os.PathLike] = {}
        runs: set[str] = set()
        samples = []
        for path in self.paths:
            own: set[str] = set()
            for part in read_parts(path, CURE, columns=columns(self.bands, self.reference)):
                found.counts.update(part["status"].value_counts().to_dict())
                injections = part[part["status"] != SPURIOUS]
                found.counts["unchecked"] += int((~injections["checked"]).sum())
                own |= set(part["brick"])
                runs |= set(part["run"])
                used = part[part["status"].isin([DETECTED, MISSED])]
                samples.append(used[random.random(len(used)) < fraction])
            if repeated := own & bricks.keys():
                brick = min(repeated)
                raise InputError(
                    f"{path}: brick {brick} is also in {bricks[brick]}; give each batch once"
                )
            bricks |= dict.fromkeys(own, path)
        if not found.counts[DETECTED] + found.counts[MISSED]:
            raise InputError(
                f"{self.paths[0]}: none of {found.counts[AMBIGUOUS]} injections is unambiguous; "
                "give a smaller ambiguous_radius"
            )
        found.sample = pd.concat(samples, ignore_index=True)
        found.groups = choose_groups(list(bricks), list(runs))
        for kind in ("bricks", "runs", "objects"):
            key = f"n_rejected_{kind}"
            found.n_rejected[kind] = sum(int(each.get(key, 0)) for each in self.attributes)
        return found
