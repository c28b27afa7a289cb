"""Windows of one stream that follow one another become one, so that what waited costs one transaction. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloud.ingest.reading import read
from cloud.ingest.window import Checked, check
from cloud.ingest.working import Worked, work_out
from models.wire.envelopes import Window


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """`window` says what all `parts` say, one after the other; `checked` and `worked` are what can be known of it
    without the database, worked out while that is busy with the windows before."""

    window: Window
    parts: tuple[Window, ...]
    checked: Checked
    worked: Worked | None


def joined(windows: Iterable[Window]) -> list[Joined]:
    """The same facts in fewer windows. What doesn't continue the one before it begins anew."""
    runs: list[list[Window]] = []
    for window in windows:
        if runs and _continues(runs[-1][-1], window):
            runs[-1].append(window)
        else:
            runs.append([window])
    return [_joined(run) for run in runs]


def _joined(run: list[Window]) -> Joined:
    window = _one(run)
    checked = check(window)
    sound = checked.wrong is None and checked.broken is None
    return Joined(window, tuple(run), checked, work_out(window.lot, read(window.facts)) if sound else None)


def _continues(before: Window, after: Window) -> bool:
    last = before.facts[-1]
    return _label(before) == _label(after) and after.facts[0].seq == last.seq + 1 and after.previous == last.hash


def _label(window: Window) -> tuple[object, ...]:
    return window.lot, window.stream, window.stream_id, window.epoch, window.session


def _one(run: list[Window]) -> Window:
    if len(run) == 1:
        return run[0]
    return run[0].model_copy(update={"facts": tuple(fact for window in run for fact in window.facts)})
