"""What to ask of each make of relay with a web server, and how to understand its answer. No I/O of its own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol, cast

from drivers.contacts.faults import NOT_OBEYED
from drivers.contract import DriverError, NotSent
from drivers.over_http.host import GARBLED, REFUSED, UNREACHABLE, Credentials, Question

Ask = Callable[[Question], Awaitable[str]]
"""Puts one question to the device. Raises DriverError."""

Speaks = Literal["shelly_gen1", "shelly_gen2", "tasmota", "controlbyweb", "webrelay"]

TASMOTA_TENTHS, TASMOTA_OFFSET, TASMOTA_LONGEST = 111, 100, 64_900
LONGEST_PULSE_SECONDS = 3600.0


class Dialect(Protocol):
    """One make. Every pulse is timed by the device itself."""

    channels: ClassVar[range]
    usual_user: ClassVar[str]
    credentials: ClassVar[Credentials]

    async def pulse(self, ask: Ask, channel: int, seconds: float) -> float:
        """How long it really lasts. Raises DriverError NOT_OBEYED unless the device says that it ends it itself."""
        ...

    async def switch(self, ask: Ask, channel: int, on: bool) -> bool:
        """How the contact stands by the device's answer."""
        ...

    async def contact(self, ask: Ask, channel: int) -> bool: ...

    async def level(self, ask: Ask, channel: int) -> bool: ...


class ShellyGen1:
    """`/relay/0?turn=on&timer=1`; the timer counts whole seconds, so a pulse is rounded up to them."""

    channels = range(4)
    usual_user = "admin"
    credentials = Credentials.BASIC

    async def pulse(self, ask: Ask, channel: int, seconds: float) -> float:
        lasts = math.ceil(seconds)
        query = {"turn": "on", "timer": str(lasts)}
        answer = _document(await ask(Question(f"/relay/{channel}", query, moves=True)))
        if _flag(answer, "ison") and answer.get("has_timer") is not True:
            raise DriverError(NOT_OBEYED, "the contact is made, but without a timer that would open it")
        _made(_flag(answer, "ison"))
        return lasts

    async def switch(self, ask: Ask, channel: int, on: bool) -> bool:
        query = {"turn": "on" if on else "off"}
        return _flag(_document(await ask(Question(f"/relay/{channel}", query, moves=on))), "ison")

    async def contact(self, ask: Ask, channel: int) -> bool:
        return _flag(_document(await ask(Question(f"/relay/{channel}"))), "ison")

    async def level(self, ask: Ask, channel: int) -> bool:
        inputs = _document(await ask(Question("/status"))).get("inputs")
        if not isinstance(inputs, list) or channel >= len(cast("list[Any]", inputs)):
            raise DriverError(GARBLED, f"the device names no input {channel}")
        return _flag(cast("list[Any]", inputs)[channel], "input")


class ShellyGen2:
    """Plus, Pro and later: `/rpc/Switch.Set?id=0&on=true&toggle_after=1`; digest login with SHA-256."""

    channels = range(4)
    usual_user = "admin"
    credentials = Credentials.DIGEST

    async def pulse(self, ask: Ask, channel: int, seconds: float) -> float:
        await self._set(ask, {"id": str(channel), "on": "true", "toggle_after": f"{seconds:g}"})
        try:
            status = await self._call(ask, "Switch.GetStatus", channel)
        except DriverError as error:
            if error.fault is UNREACHABLE:
                return seconds  # the device has confirmed the pulse with its timer before
            raise
        if _flag(status, "output") and "timer_duration" not in status:
            raise DriverError(NOT_OBEYED, "the contact is made, but without a timer that would open it")
        if seconds >= 1:  # a shorter one may be over by now
            _made(_flag(status, "output"))
        return seconds

    async def switch(self, ask: Ask, channel: int, on: bool) -> bool:
        await self._set(ask, {"id": str(channel), "on": "true" if on else "false"})
        return await self.contact(ask, channel)

    async def contact(self, ask: Ask, channel: int) -> bool:
        return _flag(await self._call(ask, "Switch.GetStatus", channel), "output")

    async def level(self, ask: Ask, channel: int) -> bool:
        return _flag(await self._call(ask, "Input.GetStatus", channel), "state")

    async def _set(self, ask: Ask, query: Mapping[str, str]) -> None:
        answer = _document(await ask(Question("/rpc/Switch.Set", query, moves=query["on"] == "true")))
        _flag(answer, "was_on")

    async def _call(self, ask: Ask, method: str, channel: int) -> Mapping[str, Any]:
        return _document(await ask(Question(f"/rpc/{method}", {"id": str(channel)})))


class Tasmota:
    """Commands to `/cm`, posted, so that the password stands in no address. PulseTime makes the device end a pulse.

    PulseTime is kept by the device and holds for whatever makes the contact later: it is set before each pulse and
    taken away before a contact is made for good.
    """

    channels = range(1, 9)
    usual_user = "admin"
    credentials = Credentials.FORM

    async def pulse(self, ask: Ask, channel: int, seconds: float) -> float:
        value = pulse_time(seconds)
        await self._set_pulse_time(ask, channel, value)
        _made(await self._power(ask, channel, "1"))
        return value / 10 if value <= TASMOTA_TENTHS else value - TASMOTA_OFFSET

    async def switch(self, ask: Ask, channel: int, on: bool) -> bool:
        if on:
            await self._set_pulse_time(ask, channel, 0)
        return await self._power(ask, channel, "1" if on else "0")

    async def contact(self, ask: Ask, channel: int) -> bool:
        return await self._power(ask, channel, "")

    async def level(self, ask: Ask, channel: int) -> bool:
        sensors = (await self._command(ask, "Status 10")).get("StatusSNS")
        said = sensors.get(f"Switch{channel}") if isinstance(sensors, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if said not in ("ON", "OFF"):
            raise DriverError(GARBLED, f"the device names no Switch{channel}; it does with SetOption114 1")
        return said == "ON"

    async def _set_pulse_time(self, ask: Ask, channel: int, value: int) -> None:
        key = f"PulseTime{channel}"
        said = (await self._command(ask, f"{key} {value}")).get(key)
        kept = cast("dict[str, Any]", said).get("Set") if isinstance(said, dict) else said
        if not re.match(rf"{value}\b", str(kept)):
            raise DriverError(GARBLED, f"{key} was to be {value}, and the device says {str(kept)[:40]!r}")

    async def _power(self, ask: Ask, channel: int, value: str) -> bool:
        answer = await self._command(ask, f"Power{channel} {value}".strip(), moves=value == "1")
        said = answer.get(f"POWER{channel}", answer.get("POWER") if channel == 1 else None)
        if said not in ("ON", "OFF"):
            raise DriverError(GARBLED, f"the device doesn't say how relay {channel} stands")
        return said == "ON"

    async def _command(self, ask: Ask, command: str, moves: bool = False) -> Mapping[str, Any]:
        answer = _document(await ask(Question("/cm", form={"cmnd": command}, method="POST", moves=moves)))
        if "WARNING" in answer:
            raise NotSent(REFUSED, "the device wants its web password, or not this one")
        return answer


class ControlByWeb:
    """`state.xml?relay1State=2&pulseTime1=1.5`, or `relay1=2` on newer ones: as the device names its own relays."""

    channels = range(1, 17)
    usual_user = "none"
    credentials = Credentials.BASIC

    def __init__(self, page: str) -> None:
        self._page = page
        self._names: dict[int, tuple[str, str]] = {}

    async def pulse(self, ask: Ask, channel: int, seconds: float) -> float:
        name, time = await self._name(ask, channel)
        lasts = max(seconds, 0.1)
        query = {name: "2", time: f"{lasts:g}"}
        _made(self._stands(await ask(Question(self._page, query, moves=True)), channel))
        return lasts

    async def switch(self, ask: Ask, channel: int, on: bool) -> bool:
        name, _ = await self._name(ask, channel)
        return self._stands(await ask(Question(self._page, {name: str(int(on))}, moves=on)), channel)

    async def contact(self, ask: Ask, channel: int) -> bool:
        return self._stands(await ask(Question(self._page)), channel)

    async def level(self, ask: Ask, channel: int) -> bool:
        values = _tags(await ask(Question(self._page)))
        alone = ("inputstate",) if channel == 1 else ()
        for name in (f"input{channel}state", f"digitalinput{channel}", *alone):
            if name in values:
                return _bit(values[name])
        raise DriverError(GARBLED, f"the device names no input {channel}")

    async def _name(self, ask: Ask, channel: int) -> tuple[str, str]:
        if channel not in self._names:
            await self.contact(ask, channel)
        return self._names[channel]

    def _stands(self, page: str, channel: int) -> bool:
        values = _tags(page)
        names = {f"relay{channel}state": f"relay{channel}State", f"relay{channel}": f"relay{channel}"}
        if channel == 1:
            names["relaystate"] = "relayState"
        for tag, name in names.items():
            if tag in values:
                self._names[channel] = name, "pulseTime" if tag == "relaystate" else f"pulseTime{channel}"
                return _bit(values[tag])
        raise DriverError(GARBLED, f"the device names no relay {channel}")


def dialect(speaks: Speaks) -> Dialect:
    return {
        "shelly_gen1": ShellyGen1,
        "shelly_gen2": ShellyGen2,
        "tasmota": Tasmota,
        "controlbyweb": lambda: ControlByWeb("/state.xml"),
        "webrelay": lambda: ControlByWeb("/stateFull.xml"),
    }[speaks]()


def pulse_time(seconds: float) -> int:
    """Tasmota counts up to 11.1 seconds in tenths, and longer ones in seconds from 112 for 12 on."""
    tenths = max(math.ceil(round(seconds * 10, 6)), 1)
    return tenths if tenths <= TASMOTA_TENTHS else min(math.ceil(seconds) + TASMOTA_OFFSET, TASMOTA_LONGEST)


def _made(on: bool) -> None:
    if not on:
        raise DriverError(NOT_OBEYED, "the device took the pulse and says that the contact is open")


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise DriverError(GARBLED, f"an answer in JSON is expected, not {text[:40]!r}")
    return cast("dict[str, Any]", document)


def _flag(document: Any, key: str) -> bool:
    value = cast("dict[str, Any]", document).get(key) if isinstance(document, dict) else None
    if not isinstance(value, bool | int) or value not in (0, 1):
        raise DriverError(GARBLED, f"the device doesn't say {key!r}, or neither true nor false")
    return bool(value)


def _tags(page: str) -> Mapping[str, str]:
    """The innermost tags of a small XML page, in small letters; no parser that entities could lead astray."""
    return {name.lower(): text.strip() for name, text in re.findall(r"<(\w+)>([^<>]*)</\1>", page)}


def _bit(text: str) -> bool:
    if text not in ("0", "1"):
        raise DriverError(GARBLED, f"0 or 1 is expected, not {text[:20]!r}")
    return text == "1"
