"""Weekly hours by a lot's wall clock: when a permit lets its vehicles in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.windows import ApartDays, covers
from models.tariff.language.parts import Part
from models.tariff.language.written import ClockTime, DateSpan, Season, WrittenDays, at_text, days_text
from models.timeline import Bounds

_NO_DAYS_APART = ApartDays(frozenset(), frozenset())
_LINE = re.compile(r"(?:(.*?)\s+)?(\d{1,2}:\d\d)\s*(?:to|-)\s*(?:([a-zA-Z]+)\s+)?(\d{1,2}:\d\d)")
_WHO_SAYS = "`holidays` and `eves` mean nothing here: no calendar goes with a permit"


class Hours(Part):
    """Days of the week and times of day, as a tariff has them; or in one line: mon-fri 07:00 to 18:00."""

    days: WrittenDays | None = None
    """mon-fri, or sat, sun; hours over midnight belong to the day on which they begin"""
    from_: Annotated[ClockTime | None, Field(alias="from")] = None
    """The time at which they begin, such as 07:00, or fri 18:00 for once a week"""
    to: ClockTime | None = None
    """The time at which they end; before `from`: on the next day"""

    @model_validator(mode="before")
    @classmethod
    def _in_one_line(cls, written: Any) -> Any:
        return _of_line(written) if isinstance(written, str) else written

    @model_validator(mode="after")
    def _whole(self) -> Self:
        begin, end = self.from_ and self.from_.weekday, self.to and self.to.weekday
        if (begin is None) != (end is None):
            raise ValueError("`from` and `to` both name a day of the week, or neither does")
        if begin is not None and self.days is not None:
            raise ValueError("`days` doesn't go with a day of the week in `from` and `to`")
        if self.days is not None and (self.days.holidays or self.days.eves):
            raise ValueError(_WHO_SAYS)
        if self.days is None and self.from_ is None and self.to is None:
            raise ValueError("`days`, or `from` and `to` are expected: hours that always hold are left out")
        return self

    @property
    def dates(self) -> tuple[DateSpan, ...] | None:
        return None

    @property
    def season(self) -> Season | None:
        return None

    @property
    def said(self) -> str:
        days = days_text(self.days) if self.days else ""
        begins, ends = at_text(self.from_) if self.from_ else "", at_text(self.to) if self.to else ""
        return " ".join(filter(None, (days, f"{begins or '00:00'} to {ends or '24:00'}" if begins or ends else "")))


def _of_line(text: str) -> dict[str, str]:
    """`mon-fri 07:00 to 18:00`, `sat, sun`, `fri 18:00 to mon 06:00`."""
    found = _LINE.fullmatch(text.strip())
    if found is None:
        return {"days": text}
    day, begins, last, ends = (part or "" for part in found.groups())
    if last:
        return {"from": f"{day} {begins}".strip(), "to": f"{last} {ends}"}
    return {**({"days": day} if day else {}), "from": begins, "to": ends}


def within(hours: Iterable[Hours], time: LocalTime, now: Bounds) -> bool:
    """Whether one of them can hold now; none at all: always. What counts is what the clock on the wall shows: where it
    shows an hour twice, both count. While nobody knows the time, nobody is kept out by a clock that may be wrong."""
    earliest, latest = now
    listed = tuple(hours)
    if not listed or earliest is None or latest is None or earliest != latest:
        return True
    shown = time.local(latest)
    day, minute = shown.toordinal(), shown.hour * 60 + shown.minute
    return any(covers(each, day, minute, _NO_DAYS_APART) is not None for each in listed)
