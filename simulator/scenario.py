"""What shall go wrong when: a scenario's YAML file, and the same words as they come over MQTT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from models.ids import LaneName
from simulator.cars import Habit
from simulator.lots import seconds_written
from simulator.orders import Behave, Break, Mend, Signal
from simulator.troubles import Trouble

KEYS = ("at", "lane", "fault", "driver", "mend", "for")
EVERY_LANE = "*"


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to be done to a lane: exactly one of the three. `lasts`: a fault is mended after so many seconds."""

    lane: str
    fault: Trouble | None = None
    driver: Habit | None = None
    mend: Trouble | None = None
    lasts: float | None = None

    def signals(self, lanes: Iterable[LaneName], now: float) -> list[Signal]:
        """For the world, at a moment in seconds since it began. A lane that isn't there has none."""
        found: list[Signal] = []
        for lane in lanes:
            if self.lane not in (lane, EVERY_LANE):
                continue
            if self.fault is not None:
                found.append(Break(lane, self.fault, None if self.lasts is None else now + self.lasts))
            elif self.mend is not None:
                found.append(Mend(lane, self.mend))
            elif self.driver is not None:
                found.append(Behave(lane, self.driver))
        return found


@dataclass(frozen=True, slots=True)
class Planned:
    """A wish, and when it is due: seconds after the run has begun."""

    at: float
    wish: Wish


class Scenario:
    """Hands out each wish once, in time."""

    def __init__(self, planned: Iterable[Planned] = (), begins: float = 0.0) -> None:
        self._planned = sorted(planned, key=lambda one: one.at)
        self._begins = begins

    def next_due(self) -> float | None:
        """In seconds of the world."""
        return self._begins + self._planned[0].at if self._planned else None

    def due(self, now: float) -> list[Wish]:
        wishes: list[Wish] = []
        while self._planned and self._begins + self._planned[0].at <= now:
            wishes.append(self._planned.pop(0).wish)
        return wishes

    def starting(self, begins: float) -> Scenario:
        """The same scenario for a world that begins then."""
        return Scenario(self._planned, begins)


def wished(written: Mapping[str, Any], lanes: Iterable[LaneName]) -> Wish:
    """What a message or an entry of a file asks for. Raises ValueError that says what is wrong with it."""
    names = list(lanes)
    unknown = [str(key) for key in written if key not in KEYS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} isn't a key of a scenario; known are {', '.join(KEYS)}")
    lane = written.get("lane")
    if lane != EVERY_LANE and lane not in names:
        raise ValueError(f"there is no lane {lane!r}; there are {', '.join(names)}, and * for all of them")
    asked = [key for key in ("fault", "driver", "mend") if written.get(key) is not None]
    if len(asked) != 1:
        raise ValueError("one of fault, driver and mend is expected")
    lasts = written.get("for")
    if lasts is not None and asked != ["fault"]:
        raise ValueError("only a fault lasts: take `for` out")
    return Wish(
        str(lane),
        fault=_one_of(Trouble, "fault", written.get("fault")),
        driver=_one_of(Habit, "driver", written.get("driver")),
        mend=_one_of(Trouble, "fault", written.get("mend")),
        lasts=None if lasts is None else seconds_written(str(lasts)),
    )


def _one_of(words: Any, what: str, written: Any) -> Any:
    if written is None:
        return None
    if written not in list(words):
        raise ValueError(f"there is no {what} {written!r}; known are {', '.join(words)}")
    return words(written)


def scenario_file(path: Path, lanes: Iterable[LaneName]) -> list[Planned]:
    """The wishes of a YAML file. Raises OSError, or ValueError with `file:line` and what is wrong there."""
    try:
        written = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"{path}:{line}: {error.problem}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}:1: no YAML: {error}") from error
    if not isinstance(written, CommentedSeq) or not written:
        raise ValueError(f"{path}:1: a list is expected, each entry with at, lane, and fault or driver")
    names = list(lanes)
    return [_entry(path, written, index, names) for index in range(len(written))]


def _entry(path: Path, written: CommentedSeq, index: int, lanes: list[LaneName]) -> Planned:
    entry, line = written[index], written.lc.item(index)[0] + 1
    try:
        if not isinstance(entry, CommentedMap):
            raise ValueError("an entry with at, lane, and fault or driver is expected")
        if entry.get("at") is None:
            raise ValueError("`at` is missing: how long after the beginning, such as 12 s")
        return Planned(seconds_written(str(entry["at"])), wished(entry, lanes))
    except ValueError as wrong:
        raise ValueError(f"{path}:{_line(entry, str(wrong), line)}: {wrong}") from wrong


def _line(entry: Any, said: str, line: int) -> int:
    """The line of the key that the complaint names, if the entry has one."""
    if isinstance(entry, CommentedMap):
        for key, value in entry.items():
            if repr(value) in said or f"{key!r} isn't" in said:
                return entry.lc.key(key)[0] + 1
    return line
