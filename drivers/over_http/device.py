"""What every part with a web server has in common, as a technician writes it."""

from __future__ import annotations

import ipaddress
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from drivers.contract import DriverContext
from drivers.login import Login
from drivers.loopback import is_this_machine
from drivers.over_http.dialects import Dialect, Speaks, dialect
from drivers.over_http.host import HTTP_FAULTS, Credentials, HttpHost
from drivers.settings import DriverSettings
from drivers.values import Host, Port, Seconds
from models.faults import Fault


def _only_a_host(written: str) -> str:
    try:
        return str(ipaddress.ip_address(written.strip("[]")))
    except ValueError:
        pass
    if any(sign in written for sign in "/:@?#"):
        raise ValueError("only the device's name or address is expected, such as 192.168.1.40: no http://, no login")
    return written


BareHost = Annotated[Host, AfterValidator(_only_a_host)]


class HttpSettings(DriverSettings, Login):
    """One channel of a device with a web server."""

    model_config = ConfigDict(hide_input_in_errors=True)
    faults: ClassVar[tuple[Fault, ...]] = HTTP_FAULTS

    driver: Literal["http"] = "http"
    speaks: Speaks
    """What the device understands: `shelly_gen1` (Shelly 1, 2.5, ...), `shelly_gen2` (Plus, Pro and later), `tasmota`,
    `controlbyweb` (X-series) or `webrelay` (WebRelay, WebRelay-Quad, WebRelay-10)"""
    host: BareHost
    """Name or address of the device; give it a fixed address in the router"""
    port: Port | None = None
    """TCP port, if the device listens elsewhere than on 80 (443 with https)"""
    https: bool = False
    """Whether the device is spoken to by HTTPS; its certificate has to be one that this computer trusts"""
    channel: Annotated[int, Field(ge=0)] | None = None
    """Which relay or input, as the device counts: Shelly from 0, the others from 1; without it, the first"""
    answer_within: Seconds = Field(default=2.0, gt=0, le=10)
    """A device that hasn't answered by then counts as unreachable"""

    @model_validator(mode="after")
    def _a_channel_of_the_device(self) -> HttpSettings:
        channels = self.dialect().channels
        if self.channel is not None and self.channel not in channels:
            raise ValueError(f"channel: {self.speaks} counts them from {channels[0]} to {channels[-1]}")
        return self

    @property
    def number(self) -> int:
        return self.dialect().channels[0] if self.channel is None else self.channel

    @property
    def origin(self) -> str:
        return origin(self.host, self.port, self.https)

    @property
    def reaches_hardware(self) -> bool:
        return not is_this_machine(self.host)

    def dialect(self) -> Dialect:
        return dialect(self.speaks)

    def host_of(self, context: DriverContext) -> HttpHost:
        speaks = self.dialect()
        return shared_host(self, self.origin, speaks.usual_user, speaks.credentials, context)


def origin(host: str, port: int | None, https: bool) -> str:
    """For people and requests: the beginning of each address, without a login."""
    scheme = "https" if https else "http"
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port in (None, 443 if https else 80) else f"{scheme}://{name}:{port}"


def shared_host(
    login: Login, origin: str, usual_user: str, credentials: Credentials, context: DriverContext
) -> HttpHost:
    """The one way to this device with this login, for all parts of the lot."""
    key = ("http", origin, login.username, login.password_env, login.password_file, credentials)
    host = HttpHost(origin, login, usual_user, credentials, context.clock)
    return context.shared.setdefault(key, host)
