"""What the parts of a lot need of their computer and their network, read from the settings. Pure.

No driver is named: a part needs what its settings say, whatever it is called. A setting `pin` is a GPIO pin, a path
in `port`, `file` or `device` is a device file, a `host` with a `port` is a machine, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import BaseModel

from drivers.broker import BrokerSettings
from drivers.contract import CameraSettings
from drivers.settings import DriverSettings
from edge.config.settings import LotSettings

_DEVICE_KEYS = ("port", "file", "device")
_NAMED = 2
_USUAL_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of hardware. `lane` is empty for what stands beside the lanes; `key` names it in its lane."""

    lane: str
    key: str
    settings: DriverSettings

    @property
    def name(self) -> str:
        return f"{self.lane or 'lot'}.{self.key}"


@dataclass(frozen=True, slots=True)
class DeviceFile:
    path: Path


@dataclass(frozen=True, slots=True)
class Pin:
    number: int


@dataclass(frozen=True, slots=True)
class FarEnd:
    """A machine in the network and the TCP port that has to answer."""

    host: str
    port: int

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a password or key is kept: the variable or the file, never what it says."""

    variable: str | None
    file: Path | None

    @property
    def place(self) -> str:
        return f"${self.variable}" if self.variable is not None else str(self.file)


@dataclass(frozen=True, slots=True)
class Broker:
    """`key` tells brokers apart; a broker with two logins is two of them."""

    settings: BrokerSettings
    speaks_5: bool

    @property
    def key(self) -> tuple[Any, ...]:
        own = self.settings
        return own.host, own.port, own.username, own.password_env, own.password_file, own.tls, self.speaks_5


Need = DeviceFile | Pin | FarEnd | Secret | Broker


def parts(lot: LotSettings, lane: str | None = None) -> list[Part]:
    """The hardware of the lot, or of one lane and what stands beside the lanes; cameras too."""
    found = [
        Part(each.name, key, part)
        for each in lot.lanes
        if lane in (None, each.name)
        for key, part in each.parts().items()
    ]
    if lot.fire is not None:
        found.append(Part("", "fire", lot.fire))
    found += [Part("", watched.name, watched.input) for watched in lot.inputs]
    found += [Part("", f"spot.{spot.number}", spot.sensor) for spot in lot.spot_sensors]
    return found


def needs(settings: BaseModel) -> Iterator[Need]:
    """What one piece needs, the pieces inside it included."""
    for section in _sections(settings):
        yield from _of_section(section)


def users_of(all_parts: Iterable[Part], kind: type[Any]) -> dict[Any, list[str]]:
    """Each need of one kind, with the names of the parts that have it."""
    found: dict[Any, list[str]] = {}
    for part in all_parts:
        for need in needs(part.settings):
            if isinstance(need, kind):
                names = found.setdefault(need.key if isinstance(need, Broker) else need, [])
                if part.name not in names:
                    names.append(part.name)
    return found


def named(users: Sequence[str]) -> str:
    """A few names; of many, the first and how many more."""
    return ", ".join(users) if len(users) <= _NAMED else f"{users[0]} and {len(users) - 1} more"


def brokers(all_parts: Iterable[Part]) -> dict[Any, Broker]:
    """The brokers behind the parts, by what tells them apart."""
    return {need.key: need for part in all_parts for need in needs(part.settings) if isinstance(need, Broker)}


def _sections(settings: BaseModel) -> Iterator[BaseModel]:
    """The settings and every section in them; a product stands for the driver behind it."""
    behind = getattr(settings, "behind", None)
    if isinstance(behind, BaseModel):
        yield from _sections(behind)
        return
    yield settings
    for key in type(settings).model_fields:
        for inner in _inside(getattr(settings, key)):
            yield from _sections(inner)


def _inside(value: Any) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, tuple):
        for item in cast("tuple[Any, ...]", value):
            yield from _inside(item)


def _of_section(section: BaseModel) -> Iterator[Need]:
    pin = getattr(section, "pin", None)
    if isinstance(pin, int):
        yield Pin(pin)
    yield from _secrets(section)
    yield from _device_files(section)
    if isinstance(section, BrokerSettings):
        yield Broker(section, bool(getattr(section, "speaks_5", True)))
    elif getattr(section, "contract", None) is not CameraSettings:
        yield from _far_ends(section)


def _device_files(section: BaseModel) -> Iterator[DeviceFile]:
    for key in _DEVICE_KEYS:
        written = getattr(section, key, None)
        if isinstance(written, str) and written.startswith("/"):
            yield DeviceFile(Path(written))
    source = getattr(section, "source", None)
    if isinstance(source, str) and (source.isdigit() or source.startswith("/dev/")):
        yield DeviceFile(Path(f"/dev/video{source}" if source.isdigit() else source))


def _far_ends(section: BaseModel) -> Iterator[FarEnd]:
    origin, addresses = getattr(section, "origin", None), getattr(section, "addresses", None)
    if isinstance(origin, str):
        end = far_end(origin)
        if end.host:
            yield end
    elif isinstance(addresses, tuple) and addresses:
        yield far_end(str(cast("tuple[Any, ...]", addresses)[0]))
    else:
        host, port = getattr(section, "host", None), getattr(section, "port", None)
        if isinstance(host, str) and isinstance(port, int):
            yield FarEnd(host, port)


def far_end(address: str) -> FarEnd:
    """The machine that a web or stream address names; its login is left behind."""
    split = urlsplit(address)
    return FarEnd(split.hostname or "", split.port or _USUAL_PORTS.get(split.scheme.lower(), 80))


def _secrets(section: BaseModel) -> Iterator[Secret]:
    for kind in ("password", "key", "token"):
        variable, file = getattr(section, f"{kind}_env", None), getattr(section, f"{kind}_file", None)
        if isinstance(variable, str) or isinstance(file, Path):
            yield Secret(variable, file)
