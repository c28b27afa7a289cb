"""Every key that a technician can write, in words, drawn from the settings themselves: for docs/drivers.md."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from drivers.broker import BrokerSettings, TlsSettings
from drivers.contract import (
    Barrier,
    CameraSettings,
    CardReader,
    CodeScanner,
    DigitalInput,
    PaymentTerminal,
    PlateSource,
    Relay,
    Sign,
    SpotSensor,
    TicketPrinter,
    VehicleClassifier,
)
from drivers.escpos_printer import PrinterAddress
from drivers.login import Login
from drivers.opencv_camera import Source
from drivers.over_serial.port import SerialPath
from drivers.over_serial.stream import SerialSettings, TcpSettings
from drivers.plate_sources.posting import CertificateSettings, PostSettings
from drivers.registry import ChosenDriver, catalogue
from drivers.settings import DriverSettings
from drivers.values import BaseTopic, Host, Payload, Seconds, Topic
from edge.config import settings as lot
from edge.config.allocation_settings import AllocationSettings, EntranceSettings, SpotSensing, VehicleAllocation
from edge.config.lane_settings import ButtonSettings, HeightSettings, LaneSettings
from edge.config.list_settings import AccountSettings, BarredSettings, PermitSettings
from edge.config.payment_settings import CeilingSettings, PaymentSettings, StationSettings
from edge.config.receipt_settings import BusinessSettings
from edge.config.reservation_settings import ReservationSettings
from edge.config.retention_settings import Days, RetentionSettings, Size
from edge.config.tariff_settings import TariffSettings
from edge.config.ticket_settings import TicketsSettings, ValetSettings
from edge.config.timing import TimingSettings
from edge.config.written import SpotNumbers, WrittenDay, WrittenLotId, WrittenPlate
from edge.kiosk.settings import KioskSettings
from edge.vision.settings import Area, ViewSettings, VisionSettings
from models.access.hours import Hours
from models.documents.written import Amount, WrittenInstant, ZoneName
from models.tariff.language.written import ClockTime, WrittenDays

CONTRACTS: Mapping[type, str] = {
    Barrier: "barrier",
    Relay: "relay",
    DigitalInput: "input",
    CameraSettings: "camera",
    PlateSource: "plate source",
    VehicleClassifier: "classifier",
    PaymentTerminal: "payment terminal",
    Sign: "sign",
    TicketPrinter: "ticket printer",
    CodeScanner: "code scanner",
    CardReader: "card reader",
    SpotSensor: "spot sensor",
}
"""What each contract is called in a car park, in the order of the document."""

SECTIONS: Mapping[str, type[BaseModel]] = {
    "The whole file": lot.LotSettings,
    "lot": lot.LotIdentity,
    "lot.location": lot.LocationSettings,
    "business": BusinessSettings,
    "tariff": TariffSettings,
    "levels[]": lot.LevelSettings,
    "levels[].spots[]": lot.SpotGroup,
    "permits[]": PermitSettings,
    "permits[].hours[]": Hours,
    "accounts[]": AccountSettings,
    "barred[]": BarredSettings,
    "reservations": ReservationSettings,
    "tickets": TicketsSettings,
    "valet": ValetSettings,
    "lanes[]": LaneSettings,
    "lanes[].timing": TimingSettings,
    "lanes[].buttons": ButtonSettings,
    "lanes[].height": HeightSettings,
    "lanes[].view": ViewSettings,
    "lanes[].view.region, lanes[].view.masks[]": Area,
    "allocation": AllocationSettings,
    "allocation.entrances[]": EntranceSettings,
    "allocation.vehicles[]": VehicleAllocation,
    "allocation.sensing": SpotSensing,
    "inputs[]": lot.WatchedInput,
    "spot_sensors[]": lot.SensedSpot,
    "kiosk": KioskSettings,
    "payments": PaymentSettings,
    "payments.ceiling": CeilingSettings,
    "stations": StationSettings,
    "vision": VisionSettings,
    "store": lot.StoreSettings,
    "retention": RetentionSettings,
    "link": lot.LinkSettings,
    "metrics": lot.MetricsSettings,
    "simulation": lot.SimulationSettings,
}

SHARED: Mapping[str, type[BaseModel]] = {
    "An MQTT broker": BrokerSettings,
    "tls": TlsSettings,
    "A login": Login,
    "A serial line": SerialSettings,
    "An address in the network": TcpSettings,
    "The address of a printer": PrinterAddress,
    "`post`": PostSettings,
    "`tls` of `http_plates` and `post`": CertificateSettings,
}
"""Sections that several drivers have; those of which they have the very keys are told once."""
_KEYS_OF_THEIR_OWN = (BrokerSettings, Login)

_ALIASES: tuple[tuple[Any, str], ...] = (
    (Seconds, "length of time"),
    (Days, "whole days"),
    (Size, "size"),
    (BaseTopic, "topic"),
    (Topic, "topic"),
    (Payload, "text"),
    (Host, "name or address"),
    (SerialPath, "device file"),
    (Source, "text"),
    (Amount, "amount of money"),
    (SpotNumbers, "spot numbers"),
    (WrittenPlate, "plate"),
    (ZoneName, "time zone"),
    (WrittenLotId, "the lot's id"),
    (WrittenInstant, "moment with its offset"),
    (WrittenDay, "day"),
    (WrittenDays, "days of the week"),
    (ClockTime, "time of day"),
)
_MOST_NAMED = 8
"""Of the speeds of a serial line only the first and the last are told."""
_PLAIN = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "file or folder"}


# --- documents ---


def driver_table() -> str:
    """One row a driver and file: what it is for, and what it was tested against."""
    rows: dict[tuple[str, str], list[str]] = {}
    for contract, name, settings in every_driver():
        rows.setdefault((name, settings.__module__), []).append(CONTRACTS[contract])
    return table(
        ("`driver:`", "is a", "what it is", "tested against"),
        ((f"`{name}`", ", ".join(kinds), *_first_line(module)) for (name, module), kinds in rows.items()),
    )


def section_keys() -> str:
    """The keys of every section of the lot's file, and of the sections that several drivers have."""
    parts = [f"### `{name}`\n\n{keys_of(model)}" for name, model in SECTIONS.items()]
    parts += [f"### {name if ' ' in name else f'`{name}`'}\n\n{keys_of(model)}" for name, model in SHARED.items()]
    return "\n\n".join(parts).replace("### `The whole file`", "### The whole file")


def driver_keys() -> str:
    """The keys of every driver, by what it is."""
    parts: list[str] = []
    for contract, called in CONTRACTS.items():
        parts.append(f"### {_plural(called).capitalize()}")
        for kind, name, settings in every_driver():
            if kind is contract:
                parts += [f"#### `driver: {name}` ({called})", *_about(settings)]
    return "\n\n".join(parts)


def every_driver() -> Iterator[tuple[type, str, type[DriverSettings]]]:
    found = catalogue().found
    for contract in CONTRACTS:
        for kind, name in sorted(found, key=lambda key: key[1]):
            if kind is contract:
                yield contract, name, found[kind, name]


def _about(settings: type[DriverSettings]) -> Iterator[str]:
    said = " ".join((settings.__doc__ or "").split())
    if said:
        yield said
    told_once = next((base for base in _KEYS_OF_THEIR_OWN if issubclass(settings, base)), None)
    if told_once is not None:
        title = next(name for name, model in SHARED.items() if model is told_once)
        yield f"Beside these, the keys of [{title[0].lower()}{title[1:]}](#{title.lower().replace(' ', '-')})."
    own = [key for key in settings.model_fields if key != "driver" and not _same_key(settings, told_once, key)]
    yield keys_of(settings, own) if own else "It has no keys of its own."


def _same_key(settings: type[BaseModel], base: type[BaseModel] | None, key: str) -> bool:
    if base is None or key not in base.model_fields:
        return False
    here, there = settings.model_fields[key], base.model_fields[key]
    return (here.description, here.default) == (there.description, there.default)


def _first_line(module: str) -> tuple[str, str]:
    line = (sys.modules[module].__doc__ or "").partition("\n")[0]
    what, _, tested = line.partition(" Tested against: ")
    return what.rstrip("."), tested.rstrip(".")


# --- one table ---


def keys_of(model: type[BaseModel], keys: Sequence[str] | None = None) -> str:
    fields = model.model_fields
    return table(
        ("key", "value", "without it", "what it is for"),
        (
            (f"`{fields[key].alias or key}`", words(fields[key]), _default(fields[key]), _told(fields[key]))
            for key in keys or fields
        ),
    )


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def _told(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def words(field: FieldInfo) -> str:
    """The kind of value, as a technician would say it."""
    return _words(field.annotation, field.metadata)


def _words(annotation: Any, metadata: Sequence[Any]) -> str:
    annotation, metadata = _flat(annotation, metadata)
    chosen = next((note for note in metadata if isinstance(note, ChosenDriver)), None)
    if chosen is not None:
        return " or ".join(_called(CONTRACTS[contract]) for contract in chosen.contracts)
    origin = get_origin(annotation)
    if origin is Literal:
        return _one_of(get_args(annotation))
    if origin is tuple:
        return f"list: {_words(get_args(annotation)[0], ())}" if not _alias(metadata) else _alias(metadata)
    if origin in (Union, UnionType):
        return " or ".join(_words(each, ()) for each in get_args(annotation) if each is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _one_of(tuple(member.value for member in annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "true, or a section" if annotation is TlsSettings else "section"
    plain = _alias(metadata) or _PLAIN.get(_builtin(annotation), "keys and values")
    bounds = _bounds(metadata, " s" if plain == "length of time" else "")
    return f"{plain}, {bounds}" if bounds else plain


def _called(contract: str) -> str:
    return f"{'an' if contract[0] in 'aeiou' else 'a'} [{contract}](#{_plural(contract).replace(' ', '-')})"


def _flat(annotation: Any, metadata: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Without Annotated and without None, all notes in one list."""
    notes = [note for each in metadata for note in (each.metadata if isinstance(each, FieldInfo) else (each,))]
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _flat(inner, [*notes, *more])
    if get_origin(annotation) in (Union, UnionType):
        some = [each for each in get_args(annotation) if each is not type(None)]
        if len(some) == 1:
            return _flat(some[0], notes)
    return annotation, notes


def _builtin(annotation: Any) -> Any:
    """`LaneName` is a text to whoever writes it."""
    return getattr(annotation, "__supertype__", annotation)


def _alias(notes: Sequence[Any]) -> str:
    for alias, called in _ALIASES:
        marks = [note for note in get_args(alias)[1:] if not isinstance(note, FieldInfo)]
        if marks and all(mark in notes for mark in marks):
            return called
    return ""


def _one_of(values: tuple[Any, ...]) -> str:
    named = [f"`{value}`" for value in values]
    return ", ".join(named) if len(named) <= _MOST_NAMED else f"{named[0]}, {named[1]} ... {named[-1]}"


def _bounds(notes: Sequence[Any], unit: str) -> str:
    said: list[str] = []
    low = next((note for note in notes if isinstance(note, Ge)), None)
    high = next((note for note in notes if isinstance(note, Le)), None)
    if low is not None and high is not None:
        return f"{_plainly(low.ge)} to {_plainly(high.le)}{unit}"
    for note in notes:
        match note:
            case Ge(ge):
                said.append(f"at least {_plainly(ge)}{unit}")
            case Gt(gt):
                said.append(f"more than {_plainly(gt)}{unit}")
            case Le(le):
                said.append(f"at most {_plainly(le)}{unit}")
            case Lt(lt):
                said.append(f"less than {_plainly(lt)}{unit}")
            case _:
                pass
    return ", ".join(said)


def _plainly(number: Any) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value: Any = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None:
        return "-"
    if isinstance(value, BaseModel):
        return "its own"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key}: {_shown(each)}" for key, each in cast("Mapping[Any, Any]", value).items())
        return f"`{{{pairs}}}`" if pairs else "none"
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return f"`[{', '.join(map(_shown, items))}]`" if items else "none"
    if isinstance(value, float) and _alias(_flat(field.annotation, field.metadata)[1]) == "length of time":
        return _length(value)
    if isinstance(value, int) and _alias(_flat(field.annotation, field.metadata)[1]) == "size":
        return f"`{value / 10**9:g} GB`"
    return f"`{_shown(value)}`" if value != "" else "empty"


def _length(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds > size and math.isclose(seconds % size, 0):
            return f"`{seconds / size:g} {unit}`"
    return f"`{seconds:g} s`" if seconds >= 1 or not seconds else f"`{seconds * 1000:g} ms`"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value) if isinstance(value, Enum) else str(value)


def _plural(called: str) -> str:
    return f"{called}s"
