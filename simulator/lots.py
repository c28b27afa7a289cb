"""What the simulator must know of a lot: its lanes, where their devices are on the broker, and which broker it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.ids import LaneName
from models.tickets import Direction
from simulator.topics import DEFAULT_ROOT, LaneTopics

_LANE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|)")
_COMMAND = "/barrier/command"


@dataclass(frozen=True, slots=True)
class LotPlan:
    """The lanes to simulate, and the broker as `host:port` if the lot's file says."""

    lanes: tuple[tuple[LaneName, Direction], ...]
    topics: tuple[LaneTopics, ...]
    broker: str | None = None


def lanes_written(text: str, root: str = DEFAULT_ROOT) -> LotPlan:
    """`north-in:entry,north-out:exit`. Raises ValueError that says what is wrong with it."""
    lanes: list[tuple[LaneName, Direction]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = part.partition(":")
        if not _LANE_NAME.fullmatch(name) or direction not in list(Direction):
            raise ValueError(f"{part!r} isn't a lane: a name and a direction are expected, such as north-in:entry")
        lanes.append((LaneName(name), Direction(direction)))
    return LotPlan(tuple(lanes), tuple(LaneTopics(name, root.format(lane=name)) for name, _ in lanes))


def lot_file(path: Path) -> LotPlan:
    """The lanes of an edge daemon's configuration. `parkgate-edge check` says more about what is wrong with one.

    Raises OSError when it can't be read, ValueError when its lanes or their MQTT topics aren't to be found.
    """
    try:
        written = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no YAML: {error}") from error
    lanes = written.get("lanes") if isinstance(written, dict) else None
    if not isinstance(lanes, list) or not lanes:
        raise ValueError(f"{path}: no lanes")
    read = [_lane(path, lane) for lane in lanes]
    brokers = {broker for _, _, broker in read if broker}
    if len(brokers) > 1:
        raise ValueError(f"{path}: the lanes' barriers hang on several brokers ({', '.join(sorted(brokers))})")
    return LotPlan(
        tuple(lane for lane, _, _ in read), tuple(topics for _, topics, _ in read), next(iter(brokers), None)
    )


def _lane(path: Path, lane: Any) -> tuple[tuple[LaneName, Direction], LaneTopics, str | None]:
    barrier = lane.get("barrier") if isinstance(lane, dict) else None
    if not isinstance(barrier, dict) or barrier.get("driver") != "mqtt":
        raise ValueError(f"{path}: only lanes with `barrier: {{driver: mqtt, ...}}` can be simulated")
    name, direction, command = lane.get("name"), lane.get("direction"), str(barrier.get("command_topic"))
    if not isinstance(name, str) or direction not in list(Direction):
        raise ValueError(f"{path}: a lane has no name, or its direction isn't entry or exit")
    if not command.endswith(_COMMAND):
        raise ValueError(
            f"{path}: {name}'s command_topic must end in {_COMMAND} for a simulated barrier, not {command}"
        )
    broker = f"{barrier['host']}:{barrier.get('port', 1883)}" if "host" in barrier else None
    root = command.removesuffix(_COMMAND)
    return (LaneName(name), Direction(direction)), LaneTopics(LaneName(name), root), broker


def seconds_written(text: str) -> float:
    """`90`, `90s`, `500 ms`, `1.5 min`. Raises ValueError."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} isn\'t a length of time, such as "20s" or "1.5 min"')
    return float(match[1]) * _UNITS[match[2]]


def range_written(text: str) -> tuple[float, float]:
    """`20s..90s`, or one length for both ends. Raises ValueError."""
    first, _, last = text.partition("..")
    shortest, longest = seconds_written(first), seconds_written(last or first)
    if longest < shortest:
        raise ValueError(f"{text!r}: the longest is shorter than the shortest")
    return shortest, longest
