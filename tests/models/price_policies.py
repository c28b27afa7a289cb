"""Price policies for tests: the files, and any that can be written."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from ruamel.yaml import YAML

from models.instants import Instant, from_datetime, to_datetime
from models.pricing import Policy, Seen

TARIFFS = Path(__file__).resolve().parents[2] / "config/tariffs"
ZONE = ZoneInfo("Europe/Berlin")
MINUTE = 60_000_000
BEGINS = from_datetime(dt.datetime(2026, 11, 26, 5, tzinfo=ZONE))


def written(text: str) -> Policy:
    """The policy of YAML lines, as they stand below `dynamic:`."""
    return Policy.model_validate(YAML(typ="base", pure=True).load(text) or {})


def of_file(name: str) -> Policy:
    return Policy.model_validate(YAML(typ="base", pure=True).load(TARIFFS / f"{name}.yaml")["dynamic"])


def local(now: Instant) -> dt.datetime:
    return to_datetime(now).astimezone(ZONE)


FACTORS = st.integers(0, 400).map(lambda hundredths: str(Decimal(hundredths) / 100))
SHARES = st.integers(0, 100)


@st.composite
def occupancies(draw: st.DrawFn) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for over in sorted(draw(st.sets(SHARES, min_size=1, max_size=4))):
        step: dict[str, Any] = {"over": f"{over} %", "times": draw(FACTORS)}
        if draw(st.booleans()):
            step["until_below"] = f"{draw(st.integers(0, over))} %"
        steps.append(step)
    return {"steps": steps, "otherwise": draw(FACTORS)}


def _clock(quarters: int) -> str:
    return f"{quarters // 4:02d}:{quarters % 4 * 15:02d}"


@st.composite
def arrivals(draw: st.DrawFn) -> dict[str, Any]:
    cuts = sorted(draw(st.sets(st.integers(0, 95), min_size=2, max_size=5)))
    ends = [*cuts[1:], cuts[0]]
    bands = [{"from": _clock(a), "to": _clock(b), "times": draw(FACTORS)} for a, b in zip(cuts, ends, strict=True)]
    return {"bands": bands[: draw(st.integers(1, len(bands)))], "otherwise": draw(FACTORS)}


@st.composite
def policies(draw: st.DrawFn, changing: bool | None = None) -> Policy:
    """Any policy; `changing`: with a slowest change, or without one."""
    step = draw(st.sampled_from([Decimal(text) for text in ("0.01", "0.03", "0.05", "0.1", "0.25")]))
    floor = draw(st.integers(0, 10)) * step
    said: dict[str, Any] = {"step": step, "floor": floor}
    for key, strategy in (
        ("occupancy", occupancies()),
        ("arrival", arrivals()),
        ("events", st.fixed_dictionaries({"each": FACTORS}, optional={"at_most": FACTORS})),
        ("cap", st.integers(0, 60).map(lambda steps: floor + steps * step)),
    ):
        if draw(st.booleans()):
            said[key] = draw(strategy)
    if draw(st.booleans()) if changing is None else changing:
        said["change"] = {
            "most": draw(st.integers(1, 8)) * step,
            "every": f"{draw(st.integers(1, 30))} min",
        }
    return Policy.model_validate(said)


@st.composite
def sights(draw: st.DrawFn, now: Instant) -> Seen:
    return Seen.at(now, ZONE, draw(st.integers(0, 110)), 100, draw(st.integers(0, 5)))
