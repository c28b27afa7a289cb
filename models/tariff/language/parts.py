"""What the sections of a tariff share: whom they are for, and when they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from models.documents.section import Section
from models.spots import SpotType, VehicleType
from models.tariff.language.written import (
    MINUTES_OF_A_DAY,
    At,
    ClockTime,
    WrittenDates,
    WrittenDays,
    WrittenSeason,
    length,
    length_text,
    one_or_several,
)

MIDNIGHT = At(0)
DAYS_END = At(MINUTES_OF_A_DAY)


def _listed(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, list | tuple) else [value]


Several = BeforeValidator(_listed)
"""One section may stand without a list around it."""


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


Vehicles = Annotated[tuple[VehicleType, ...], BeforeValidator(one_or_several(_upper))]
Spots = Annotated[tuple[SpotType, ...], BeforeValidator(one_or_several(_upper))]
Names = Annotated[tuple[str, ...], BeforeValidator(one_or_several(str))]
Name = Annotated[str, Field(min_length=1, max_length=80)]


def _reader(words: tuple[str, ...]) -> Callable[[Any], int | str]:
    def read(value: Any) -> int | str:
        if isinstance(value, str) and " ".join(value.split()).lower() in words:
            return " ".join(value.split()).lower()
        try:
            return length(value)
        except ValueError as error:
            raise ValueError(f"{error}; or one of: {', '.join(words)}") from None

    return read


def or_length(*words: str) -> Any:
    """One of the words, or a length of time in seconds."""

    def write(value: int | str | None) -> str | None:
        return length_text(value) if isinstance(value, int) else value

    return PlainValidator(_reader(words)), PlainSerializer(write)


def lengths_or(*words: str) -> Any:
    """One or several of the words, or lengths of time in seconds."""
    read = one_or_several(_reader(words))

    def write(values: tuple[int | str, ...]) -> Any:
        said = [length_text(value) if isinstance(value, int) else value for value in values]
        return said[0] if len(said) == 1 else said

    return PlainValidator(read), PlainSerializer(write)


class Part(Section):
    """A section of a tariff. It writes itself as it was written: without what was left out."""

    always_written: ClassVar[frozenset[str]] = frozenset()
    """Keys that stand there whatever their value"""

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        return self._without_what_was_left_out(handler(self))

    def _without_what_was_left_out(self, said: dict[str, Any]) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            fields[key].alias or key: value
            for key, value in said.items()
            if key in self.always_written
            or fields[key].is_required()
            or getattr(self, key) != fields[key].get_default(call_default_factory=True)
        }


class Whose(Part):
    """Whom something is for: all, unless it says so."""

    vehicles: Vehicles = ()
    """MOTORCYCLE, COMPACT, REGULAR, LARGE; left out: all"""
    spots: Spots = ()
    """MOTORCYCLE, COMPACT, REGULAR, LARGE, HANDICAP, EV; left out: all"""
    validations: Names = ()
    """Codes of validations with `own_rates`: only for who has one of them"""


class Times(Part):
    """When something holds, by the wall clock of the lot; left out: always."""

    days: WrittenDays | None = None
    """mon-fri, or sat, sun, holidays; a window over midnight belongs to the day on which it begins"""
    from_: Annotated[ClockTime | None, Field(alias="from")] = None
    """The time at which it begins, such as 08:00, or fri 18:00 for once a week"""
    to: ClockTime | None = None
    """The time at which it ends; before `from`: on the next day"""
    dates: WrittenDates | None = None
    """Only on these dates, and before all that names none"""
    season: WrittenSeason | None = None
    """Only in this part of each year, such as 05-01 to 09-30"""

    @property
    def always(self) -> bool:
        return self.days is None and self.from_ is None and self.to is None and not self.dates and self.season is None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        begin, end = self.from_ or MIDNIGHT, self.to or At(1440)
        if (begin.weekday is None) != (end.weekday is None):
            raise ValueError("`from` and `to` both name a day of the week, or neither does")
        if begin.weekday is not None and self.days is not None:
            raise ValueError("`days` doesn't go with a day of the week in `from` and `to`")
        return self


class Window(Whose, Times):
    """Whom something is for, and when it holds."""


class Arrival(Times):
    """When a vehicle comes, by the wall clock; at `to` is in time."""

    before: ClockTime | None = None
    """Instead of to: at this time it is too late"""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.to is not None and self.before is not None:
            raise ValueError("either `to` or `before` is expected, not both")
        return self


class Leave(Part):
    """When it leaves: by the first such time after it came."""

    by: ClockTime | None = None
    """At this time at the latest, such as 19:00, or mon 06:00"""
    before: ClockTime | None = None
    """Instead of by: at this time it is too late"""
    after: ClockTime | None = None
    """Not before this time, the last such time before `by`"""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.by is None) == (self.before is None):
            raise ValueError("either `by` or `before` is expected")
        return self

    @property
    def end(self) -> At:
        return self.by or self.before or DAYS_END
