"""Any device that raises an arm when an address is fetched. Tested against: a small web server; hardware: none yet."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from drivers.broker import NoPassword
from drivers.contract import DriverContext, DriverError, NotSent, Relay
from drivers.login import Login
from drivers.loopback import is_this_machine
from drivers.over_http.contact import RELAY_FAULTS, HttpContact
from drivers.over_http.device import shared_host
from drivers.over_http.host import GARBLED, REFUSED, Credentials, Question
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.instants import Monotonic

PASSWORD = "$password"
_SECRET = re.compile(
    r"(?i)(pass|pwd|token|secret|key|auth|(access|door|gate|pin|user)_?(code|pin|pw)|(?<![a-z])(pw|pin|code)(?![a-z]))"
)
_SAYS = re.compile(r"""([\w-]+)["']?\s*[:=>]\s*("[^"]*"|'[^']*'|[^"'&;<>,\s{}\[\]]+)""")
"""A key and its value, in JSON, a form or XML"""
_SALT = secrets.token_bytes(16)
"""Of this process, so that nobody can search for what a claim's mark stands for"""

CANNOT = Fault(
    code="http.cannot",
    meaning="The device was to do something for which the settings name no address",
    look_at="`on_address` and `off_address`, for a contact that is to be held; `pulse_address`, for a pulse",
    does="The order is refused, and nothing is sent",
    ends="At once: the next order is taken",
)


def _without_secrets(written: str) -> str:
    address = urlsplit(written)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError("an address is expected, such as http://192.168.1.40/open")
    if address.username is not None or address.password is not None:
        raise ValueError("no login stands in an address: use username and password_env or password_file")
    for key, value in parse_qsl(address.query.replace(";", "&")):
        if PASSWORD not in value and _SECRET.search(key):
            raise ValueError(f"no secret stands in an address: write {key}={PASSWORD}, and name it with password_env")
    return written


def _without_secrets_in_it(body: str | None) -> str | None:
    for key, value in _SAYS.findall(body or ""):
        if PASSWORD not in value and value.strip("\"'") and _SECRET.search(key):
            raise ValueError(f"no secret stands in a body: write {PASSWORD} for {key}, and name it with password_env")
    return body


Address = Annotated[str, Field(max_length=1000), AfterValidator(_without_secrets)]


class HttpTriggerSettings(DriverSettings, Login):
    """One contact, moved by fetching addresses. Nothing is read back: its position is assumed."""

    model_config = ConfigDict(hide_input_in_errors=True)
    contract: ClassVar[type] = Relay
    faults: ClassVar[tuple[Fault, ...]] = (*RELAY_FAULTS, CANNOT)

    driver: Literal["http_trigger"] = "http_trigger"
    pulse_address: Address | None = None
    """Fetched for a pulse, whose length is set in the device. $password in it becomes the password"""
    on_address: Address | None = None
    """Fetched to make the contact; without a pulse_address also at the beginning of a pulse"""
    off_address: Address | None = None
    """Fetched to open the contact, and again until the device has confirmed it"""
    method: Literal["GET", "POST", "PUT"] = "GET"
    """How the addresses are fetched"""
    body: Annotated[str | None, AfterValidator(_without_secrets_in_it)] = None
    """What is sent with POST or PUT. $password in it becomes the password"""
    content_type: str = "application/json"
    """What kind of text the body is"""
    credentials: Literal["basic", "digest"] = "basic"
    """How the device wants username and password, where no $password is written"""
    expect: str | None = None
    """Text that a good answer holds, for devices that answer well even when they refuse"""
    safe_state: Literal["open", "leave"] = "leave"
    """`open`: off_address is fetched at start and at stop; not for one that brings an arm down"""
    answer_within: Seconds = Field(default=2.0, gt=0, le=10)
    """A device that hasn't answered by then counts as unreachable"""

    @model_validator(mode="after")
    def _enough_addresses(self) -> HttpTriggerSettings:
        if (self.on_address is None) != (self.off_address is None):
            raise ValueError("on_address and off_address belong together: what is made has to be opened again")
        if self.pulse_address is None and self.on_address is None:
            raise ValueError("pulse_address is expected, or on_address and off_address")
        if len({_origin(address) for address in self.addresses}) > 1:
            raise ValueError("all addresses are expected to be of one device")
        if self.body is not None and self.method == "GET":
            raise ValueError("a body is sent with method: POST or PUT")
        if self.safe_state == "open" and self.off_address is None:
            raise ValueError("safe_state: open needs an off_address")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(a for a in (self.pulse_address, self.on_address, self.off_address) if a is not None)

    @property
    def claims(self) -> Mapping[str, str]:
        """By origin and path, which are shown to people; what else tells two orders apart is only a mark."""
        keys = ("pulse_address", "on_address")
        return {key: _claim(self.method, at, self.body or "") for key in keys if (at := getattr(self, key))}

    @property
    def stays_made(self) -> bool:
        return self.on_address is not None

    @property
    def reaches_hardware(self) -> bool:
        return not is_this_machine(urlsplit(self.addresses[0]).hostname or "")

    def build(self, context: DriverContext) -> HttpTrigger:
        return HttpTrigger(self, context)


class HttpTrigger(HttpContact):
    """With a pulse_address the device ends a pulse; otherwise the daemon does, and its stalls lengthen it."""

    def __init__(self, settings: HttpTriggerSettings, context: DriverContext) -> None:
        where = _origin(settings.addresses[0])
        written = any(PASSWORD in text for text in (*settings.addresses, settings.body or ""))
        credentials = Credentials.WRITTEN if written else Credentials(settings.credentials)
        host = shared_host(settings, where, "admin", credentials, context)
        super().__init__(host, context, settings.answer_within, 0.0, settings.safe_state == "open")
        self._settings = settings
        self.times_pulses = settings.pulse_address is not None
        self._can_switch = settings.on_address is not None

    async def switch(self, on: bool) -> None:
        if not self._can_switch:
            raise DriverError(CANNOT, "only a pulse_address is written")
        await super().switch(on)

    async def _pulse(self, seconds: float, latest: Monotonic) -> float:
        await self._fetch(self._settings.pulse_address or self._settings.on_address, True, latest)
        return 0.0 if self.times_pulses else seconds  # a length that is set in the device isn't known here

    async def _switch(self, on: bool, latest: Monotonic | None) -> bool:
        await self._fetch(self._settings.on_address if on else self._settings.off_address, on, latest)
        return on

    async def _fetch(self, address: str | None, moves: bool, latest: Monotonic | None) -> None:
        assert address is not None  # the settings have been validated
        answer = await self._ask(self._question(address, moves), latest)
        if self._settings.expect is not None and self._settings.expect not in answer:
            raise DriverError(GARBLED, f"{self._host.origin} answers without {self._settings.expect[:40]!r}")

    def _question(self, address: str, moves: bool) -> Question:
        parts = urlsplit(address)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body, headers = self._settings.body, {}
        try:
            password = self._settings.password() or ""
        except NoPassword as error:
            raise NotSent(REFUSED, f"{error}") from None
        path = path.replace(PASSWORD, quote(password, safe=""))
        content = None
        if body is not None:
            content, headers = body.replace(PASSWORD, password).encode(), {"content-type": self._settings.content_type}
        return Question(path, method=self._settings.method, content=content, headers=headers, moves=moves)


def _claim(method: str, address: str, body: str) -> str:
    query = urlsplit(address).query
    shown = f"{method} {_origin(address)}{urlsplit(address).path}"
    if not query and not body:
        return shown
    mark = hashlib.blake2b(f"{query}\n{body}".encode(), key=_SALT, digest_size=3)
    return f"{shown} #{mark.hexdigest()}"


def _origin(address: str) -> str:
    parts: Any = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
