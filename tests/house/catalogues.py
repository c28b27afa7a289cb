"""The tables of the docs that are drawn from the code: `python -m tests.house.catalogues` prints them."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.registry import catalogue
from edge import inputs
from edge.kiosk import faults as kiosk
from edge.lane import faults as lane
from edge.vision import faults as vision
from models.faults import Fault
from models.refusals import Refusal


def all_faults() -> list[Fault]:
    """Every fault that a lot can raise, by code."""
    of_drivers = [fault for settings in catalogue().found.values() for fault in settings.faults]
    of_rooms = [fault for room in (lane, vision, kiosk, inputs) for fault in vars(room).values() if isinstance(fault, Fault)]
    found = {fault.code: fault for fault in [*of_drivers, *of_rooms]}
    return [found[code] for code in sorted(found)]


def fault_table() -> str:
    return _table(
        ("code", "what it means", "what to look at"),
        ((f"`{fault.code}`", fault.meaning, fault.look_at) for fault in all_faults()),
    )


def refusal_table() -> str:
    return _table(
        ("reason", "the sign says", "what it means", "what to do"),
        ((refusal.name, refusal.driver, refusal.operator, refusal.remedy) for refusal in Refusal),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(fault_table(), refusal_table(), sep="\n\n")
