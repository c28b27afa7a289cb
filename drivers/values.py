"""The kinds of value that technicians write: lengths of time, shares, ports, topics."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LENGTH_OF_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_PERCENT = re.compile(r"\s*(\d{1,6}(?:\.\d+)?)\s*%\s*")
_LENGTH_EXPECTED = 'a length of time is expected, such as "500 ms", "2 s" or 0.5 (seconds)'


def seconds(written: Any) -> float:
    """`"500 ms"`, `"2 s"`, `"10 min"`, `"1 h"`, `"1 d"` or a bare number of seconds, as seconds.

    Raises ValueError for anything else, negative lengths included.
    """
    if isinstance(written, str):
        match = _LENGTH_OF_TIME.fullmatch(written)
        if match is None or (match[2] or "s") not in _UNITS:
            raise ValueError(_LENGTH_EXPECTED)
        return float(match[1]) * _UNITS[match[2] or "s"]
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise ValueError(_LENGTH_EXPECTED)
    if not math.isfinite(written) or written < 0:
        raise ValueError(f"{_LENGTH_EXPECTED}; it can't be negative")
    return float(written)


Seconds = Annotated[float, BeforeValidator(seconds)]
"""A length of time in seconds."""


def _share(of: str) -> Callable[[Any], Any]:
    """Percent and pixels are what is written in its stead."""

    def share(written: Any) -> Any:
        percent = _in_percent(written)
        if percent is None:
            return written
        such = f"{percent / 100:g} for {percent:g} %" if percent <= 100 else "0.1 for 10 %"
        raise ValueError(f"a share{of} is expected, from 0 to 1: {such}")

    return share


def _in_percent(written: Any) -> float | None:
    """Of what says so, or is too much to be a share."""
    if isinstance(written, str):
        match = _PERCENT.fullmatch(written)
        return None if match is None else float(match[1])
    too_much = isinstance(written, int | float) and not isinstance(written, bool) and written > 1
    return float(written) if too_much else None


Share = Annotated[float, BeforeValidator(_share("")), Field(ge=0, le=1)]
"""A share of a whole, such as how sure somebody is."""
ShareOfPicture = Annotated[float, BeforeValidator(_share(" of the picture")), Field(ge=0, le=1)]
"""Of its width or its height."""


def _text_of_number(written: Any) -> Any:
    """A device that says 1 and 0 is written `payload_on: 1`, which YAML takes for a number."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        return str(getattr(written, "text", written))
    return written


def _publishable(topic: str) -> str:
    if _is_address(topic.strip("/")):
        raise ValueError(
            "a topic is expected, as the device's MQTT settings show it: addresses are for `host`, and that of the "
            "broker, not of the device"
        )
    if "+" in topic or "#" in topic:
        raise ValueError("one topic is expected, without the wildcards + and #")
    if "\0" in topic or topic.startswith("$"):
        raise ValueError("a topic of the lot's own is expected: without $ in front")
    return topic


Topic = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_publishable)]
"""The name of one MQTT topic."""


def _bare_topic(topic: str) -> str:
    if topic != topic.strip("/"):
        raise ValueError(f"a topic is expected without / at either end: {topic.strip('/')}")
    return topic


BaseTopic = Annotated[Topic, AfterValidator(_bare_topic)]
"""What the topics of one device begin with."""

Payload = Annotated[str, BeforeValidator(_text_of_number)]
"""The text of an MQTT message."""

_SCHEME = re.compile(r"[a-z]{1,8}://")
_HOST_AND_PORT = re.compile(r"[^:]+:(\d{1,5})")
_NUMBERS = re.compile(r"\d+(\.\d+)+")


def _bare(host: str) -> str:
    """Addresses get pasted in whole. What is told never repeats them: a login may stand there."""
    if _is_address(host.strip("[]")):
        return host
    if _NUMBERS.fullmatch(host):
        raise ValueError("this is no address: four numbers from 0 to 255 are expected, such as 192.168.1.10")
    scheme = _SCHEME.match(host)
    if scheme is not None:
        raise ValueError(
            f"only the device's name or address is expected, such as 192.168.1.10: without {scheme[0]} in front"
        )
    port = _HOST_AND_PORT.fullmatch(host)
    if port is not None:
        raise ValueError(
            f"only the device's name or address is expected: the port has a key of its own, port: {port[1]}"
        )
    if any(sign in host for sign in "/:@?#,"):
        raise ValueError("only the device's name or address is expected, such as 192.168.1.10: no login, no path")
    return host


def _is_address(written: str) -> bool:
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^\S+$"), AfterValidator(_bare)]
"""A machine's name or address."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""
