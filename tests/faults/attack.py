"""Outcomes of attacks, and the table that sums them up."""

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Attack:
    """One attack and how it ended.

    Attributes
    ----------
    kind : str
        What was done, such as "kill in training".
    target : str
        The stage, artefact or input that was attacked.
    survived : bool
        Whether the promise was kept.
    detail : str
        What happened; of a promise that was not kept, what differs.
    seconds : float
        Time that the attack took.
    """

    kind: str
    target: str
    survived: bool
    detail: str = ""
    seconds: float = 0.0


def write_table(attacks: Iterable[Attack], path: Path) -> None:
    """Write one row per attack as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(Attack))
        writer.writerows(map(astuple, attacks))


def summary(attacks: Iterable[Attack]) -> str:
    """Return a table with one row per kind of attack: number, survived, seconds."""
    kinds: dict[str, list[Attack]] = {}
    for attack in attacks:
        kinds.setdefault(attack.kind, []).append(attack)
    lines = [f"{'attack':<36}{'number':>8}{'passed':>8}{'seconds':>10}"]
    for kind, members in kinds.items():
        passed = sum(attack.survived for attack in members)
        seconds = sum(attack.seconds for attack in members)
        lines.append(f"{kind:<36}{len(members):>8}{passed:>8}{seconds:>10.0f}")
        lines += [f"  failed: {a.target}: {a.detail}" for a in members if not a.survived]
    return "\n".join(lines)
