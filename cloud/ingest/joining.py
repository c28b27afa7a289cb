"""Windows of one stream that follow one another become one, so that what waited costs one transaction. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.wire.envelopes import Window


@dataclass(frozen=True, slots=True)
class Joined:
    """`window` says what all `parts` say, one after the other."""

    window: Window
    parts: tuple[Window, ...]


def joined(windows: Iterable[Window]) -> list[Joined]:
    """The same facts in fewer windows. What doesn't continue the one before it begins anew."""
    runs: list[list[Window]] = []
    for window in windows:
        if runs and _continues(runs[-1][-1], window):
            runs[-1].append(window)
        else:
            runs.append([window])
    return [Joined(_one(run), tuple(run)) for run in runs]


def _continues(before: Window, after: Window) -> bool:
    last = before.facts[-1]
    return (
        (before.lot, before.stream, before.stream_id) == (after.lot, after.stream, after.stream_id)
        and after.facts[0].seq == last.seq + 1
        and after.previous == last.hash
    )


def _one(run: list[Window]) -> Window:
    if len(run) == 1:
        return run[0]
    return run[0].model_copy(update={"facts": tuple(fact for window in run for fact in window.facts)})
