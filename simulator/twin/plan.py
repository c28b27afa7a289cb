"""What the twin must know of a lot's YAML: its lanes, its tariff and how long its lanes wait."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.documents.problems import ConfigurationError
from models.ids import LaneName
from models.money import from_major
from models.tariff import HourlyTariff, Tariff
from models.tariff.calendars import resolved
from models.tariff.reading import parse_tariff
from models.tickets import Direction
from simulator.lots import seconds_written
from simulator.twin.patience import Patience

_FIRST_YEAR = 2025
"""The twin's days are in 2026: their holidays, and those of the year before and after."""


@dataclass(frozen=True, slots=True)
class TwinPlan:
    """`written` is the whole file, to be written down again with this run's own paths."""

    lanes: tuple[tuple[LaneName, Direction], ...]
    two_way: frozenset[LaneName]
    tariff: Tariff
    patience: Patience
    written: dict[str, Any]


def twin_plan(path: Path) -> TwinPlan:
    """Raises OSError when the file can't be read, ValueError when it isn't a lot that a twin can play."""
    try:
        written = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no YAML: {error}") from error
    if not isinstance(written, dict) or not written.get("lanes"):
        raise ValueError(f"{path}: no lanes")
    lanes: list[dict[str, Any]] = written["lanes"]
    for lane in lanes:
        if lane.get("barrier") != {"driver": "twin"}:
            raise ValueError(f"{path}: a twin plays only lanes with `barrier: {{driver: twin}}`")
    try:
        return TwinPlan(
            tuple((LaneName(lane["name"]), Direction(lane["direction"])) for lane in lanes),
            frozenset(LaneName(lane["name"]) for lane in lanes if lane.get("two_way")),
            _tariff(written["tariff"], path),
            _patience(lanes),
            {key: value for key, value in written.items() if not key.startswith("x-")},
        )
    except ConfigurationError as wrong:
        raise ValueError(str(wrong)) from wrong
    except (KeyError, TypeError, InvalidOperation) as wrong:
        raise ValueError(f"{path}: `parkgate-edge check` says what is wrong with it ({wrong!r})") from wrong


def _tariff(written: dict[str, Any], lot: Path) -> Tariff:
    if "file" in written:
        file = (lot.parent / str(written["file"])).resolve()
        written["file"] = str(file)
        terms = parse_tariff(file.read_text(encoding="utf-8"), str(file))
        return resolved(terms, range(_FIRST_YEAR, _FIRST_YEAR + 3))
    currency = str(written["currency"])
    return HourlyTariff(
        currency=currency,
        hourly_rate=from_major(Decimal(str(written["hourly_rate"])), currency),
        daily_maximum=from_major(Decimal(str(written["daily_maximum"])), currency),
    )


def _patience(lanes: list[dict[str, Any]]) -> Patience:
    timings = [lane.get("timing") or {} for lane in lanes]
    if any(timing != timings[0] for timing in timings):
        raise ValueError("all lanes of a twin's lot have to wait alike")
    known = {key: seconds_written(str(value)) for key, value in timings[0].items() if key in Patience.__slots__}
    return Patience(**known)
