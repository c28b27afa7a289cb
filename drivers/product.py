"""Relays and inputs by the product that was bought. Tested against: what their drivers were; hardware: none yet."""

from __future__ import annotations

import abc
import difflib
import importlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails

from drivers.broker import BrokerSettings
from drivers.contract import DigitalInput, DriverContext, Relay
from drivers.login import Login
from drivers.products import BY_NAME, PRODUCTS, Place, Product, Wired
from drivers.registry import UnknownDriver, catalogue, find
from drivers.settings import DriverSettings
from models.faults import Fault

_KINDS = {Relay: "relay", DigitalInput: "input"}
_LOGIN = tuple(Login.model_fields)
_OWN = "product"
"""Names the errors that are told in the words of the section itself"""
_HOST_AND_PORT = re.compile(r"(\[[^\]]+\]|[^:]+):(\d+)")


class _FaultsOfTheDriverBehind:
    """Of one part those of the driver that its product names; of all parts those of all such drivers."""

    def __get__(self, part: ProductSettings | None, kind: type[ProductSettings]) -> tuple[Fault, ...]:
        if part is not None:
            return part.behind.faults
        wired = [w for product in PRODUCTS if (w := _wired(product, kind.contract)) is not None]
        # A driver whose file is broken takes no other one's faults with it.
        found = catalogue().found
        drivers = [found.get((kind.contract, name)) for name in dict.fromkeys(w.driver for w in wired)]
        return tuple({fault.code: fault for driver in drivers if driver for fault in driver.faults}.values())


class ProductSettings(DriverSettings, Login):
    """A part of a product that was bought: which one, and where it is."""

    model_config = ConfigDict(hide_input_in_errors=True)
    faults: ClassVar[Any] = _FaultsOfTheDriverBehind()

    driver: Literal["product"] = "product"
    product: str
    """What was bought, by its name in the table of products, such as shelly-plus-1 or kmtronic-4"""
    at: str | None = None
    """Where it is: its name or address in the network (with :port, if it is an unusual one), its serial port, or its
    topic at the broker. Nothing for a board on this computer"""
    channel: int | str | None = None
    """Which relay or input, as printed on the product; without it, the first"""
    unit: int | None = Field(default=None, ge=1, le=247)
    """Modbus only: the number set on the board, if it isn't 1"""
    broker: BrokerSettings | None = None
    """MQTT only: the broker that the product is connected to"""
    options: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    """Settings of the driver behind the product that are to be other than usual, such as safe_state: leave"""

    @field_validator("product")
    @classmethod
    def _known(cls, product: str) -> str:
        name = re.sub(r"[\s_]+", "-", product.strip().lower())
        fitting = [known.name for known in PRODUCTS if _wired(known, cls.contract) is not None]
        if name in fitting:
            return name
        if name in BY_NAME:
            raise ValueError(f"{BY_NAME[name].title} has no {_KINDS[cls.contract]}")
        close = difflib.get_close_matches(name, fitting, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known are: {', '.join(fitting)}"
        raise ValueError(f"no such product; {hint}")

    @model_validator(mode="after")
    def _fits_the_driver(self) -> ProductSettings:
        """What is wrong for the driver behind it is told of the words that stand in the file."""
        try:
            _ = self.behind
        except UnknownDriver as error:
            raise _wrong_at("product", f"{error}") from None
        except ValidationError as error:
            if error.title == _OWN:
                raise
            told = [self._in_own_words(each) for each in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(_OWN, told) from None
        return self

    @classmethod
    def section_below(cls, written: Mapping[str, Any], key: str) -> type[BaseModel] | None:
        """The options are the driver's own keys."""
        product = BY_NAME.get(str(written.get("product")))
        wired = None if product is None else _wired(product, cls.contract)
        return catalogue().found.get((cls.contract, wired.driver)) if wired and key == "options" else None

    @property
    def profile(self) -> Product:
        return BY_NAME[self.product]

    @property
    def behind(self) -> DriverSettings:
        """The settings of the driver that reaches it. Raises ValueError, UnknownDriver."""
        wired = self._wired
        written = {**wired.settings, **self._place(wired), **self._channel(wired), **self._way()}
        return find(type(self).contract, wired.driver).model_validate({**written, **self.options})

    @property
    def _wired(self) -> Wired:
        wired = _wired(self.profile, type(self).contract)
        assert wired is not None  # the product's name has been validated
        return wired

    def _place(self, wired: Wired) -> dict[str, Any]:
        place = self.profile.place
        if place is Place.HERE:
            if self.at is not None:
                raise _wrong_at("at", "`at` isn't expected: this product sits on this computer")
            return {}
        if self.at is None:
            raise _wrong_at("product", f"`at` is expected beside it: the product's {place}")
        given = _HOST_AND_PORT.fullmatch(self.at) if place is Place.HOST else None
        return {wired.at: self.at} if given is None else {wired.at: given[1], "port": int(given[2])}

    def _channel(self, wired: Wired) -> dict[str, Any]:
        if wired.named:
            if self.channel is None:
                raise _wrong_at(
                    "product", "`channel` is expected beside it: the name that the switch or sensor has in its topics"
                )
            return {str(wired.key): str(self.channel)}
        channel = wired.channels[0] if self.channel is None else self.channel
        if channel not in wired.channels:
            first, last = wired.channels[0], wired.channels[-1]
            counted = f"only {first}" if first == last else f"{first} to {last}, as printed on it"
            raise _wrong_at("channel", f"{self.profile.title}: {counted}")
        return {str(wired.key): wired.numbers.get(int(channel), int(channel) + wired.shift)}

    def _way(self) -> dict[str, Any]:
        """Login, unit and broker, as far as they are written; the driver refuses what it has no use for."""
        own = {key: value for key in (*_LOGIN, "unit") if (value := getattr(self, key)) is not None}
        if self.profile.place is Place.TOPIC:
            if self.broker is None:
                raise _wrong_at(
                    "product",
                    "`broker` is expected beside it: a section with the host that the product is connected to",
                )
            if own:
                raise _wrong_at(next(iter(own)), "this is expected in the section `broker`, if at all")
            return self.broker.model_dump(exclude_unset=True)
        if self.broker is not None:
            raise _wrong_at("broker", "`broker` isn't expected: this product isn't reached by MQTT")
        return own

    def _in_own_words(self, wrong: ErrorDetails) -> InitErrorDetails:
        """An error of the driver behind it, placed at the key of this section that it comes from."""
        key, *below = wrong["loc"] or ("product",)
        wired, told = self._wired, InitErrorDetails(type=wrong["type"], input=wrong["input"], ctx=wrong.get("ctx", {}))
        if key in self.options:
            return {**told, "loc": ("options", key, *below)}
        if key == wired.at or (key == "port" and self.profile.place is Place.HOST):
            return {**told, "loc": ("at", *below)}
        if key == wired.key:
            return {**told, "loc": ("channel", *below)}
        if wrong["type"] == "extra_forbidden":
            return _line(str(key), f"{self.profile.title} has no use for this key", wrong["input"])
        in_broker = self.broker is not None and key in BrokerSettings.model_fields
        if in_broker or key in type(self).model_fields:
            return {**told, "loc": ("broker", key, *below) if in_broker else (key, *below)}
        return _line("product", f"{key}: {wrong['msg']}", wrong["input"])

    @property
    def claims(self) -> Mapping[str, str]:
        (claim,) = self.behind.claims.values()  # a contact is one thing, whatever reaches it
        written = next(key for key in ("channel", "at", "product") if getattr(self, key) is not None)
        return {written: claim}

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        """What several parts may use at once as long as all use it in one way: by key, its name and that way."""
        shared: Mapping[str, tuple[str, str]] = getattr(self.behind, "shares", {})
        way = next(iter(shared.values()), None)
        return {} if way is None else {"at": way}

    @property
    def notices_within(self) -> float:
        return self.behind.notices_within

    @property
    def on_when_cut(self) -> bool | None:
        return self.behind.on_when_cut

    @property
    def is_missed(self) -> bool:
        return self.behind.is_missed

    @property
    def stays_made(self) -> bool:
        return self.behind.stays_made

    @property
    def reaches_hardware(self) -> bool:
        return self.behind.reaches_hardware

    @abc.abstractmethod
    def build(self, context: DriverContext) -> Any: ...


class ProductRelaySettings(ProductSettings):
    """A relay of a product that was bought."""

    contract: ClassVar[type] = Relay

    def build(self, context: DriverContext) -> Relay:
        return self.behind.build(context)


class ProductInputSettings(ProductSettings):
    """An input of a product that was bought."""

    contract: ClassVar[type] = DigitalInput

    def build(self, context: DriverContext) -> DigitalInput:
        return self.behind.build(context)


def product_table() -> str:
    """The products as a table in Markdown, for the manual."""
    head = (
        "Write",
        "Product",
        "`at`",
        "Relays",
        "Inputs",
        "Ends pulses itself",
        "Position",
        "Tested against",
        "Remarks",
    )
    rows = [
        (
            f"`{product.name}`",
            product.title,
            product.place.value,
            _counted(product.relay),
            _counted(product.input),
            "yes" if product.pulse_by_product else "no",
            "read back" if product.reads_back else "assumed",
            _tested(product),
            " ".join(part for part in (product.remark and f"{product.remark}.", f"From: {product.source}.") if part),
        )
        for product in PRODUCTS
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _counted(wired: Wired | None) -> str:
    if wired is None:
        return "none"
    if wired.named:
        return "by name"
    first, last = wired.channels[0], wired.channels[-1]
    return f"{first}" if first == last else f"{first} to {last}"


def _tested(product: Product) -> str:
    """As the driver's own first line says it."""
    contract, wired = (Relay, product.relay) if product.relay is not None else (DigitalInput, product.input)
    assert wired is not None  # a product has a relay or an input
    text = importlib.import_module(find(contract, wired.driver).__module__).__doc__ or ""
    found = re.search(r"Tested against: (.*)\.", text.partition("\n")[0])
    return found[1] if found is not None else "nothing yet"


def _wired(product: Product, contract: type) -> Wired | None:
    return product.relay if contract is Relay else product.input


def _wrong_at(key: str, text: str) -> ValidationError:
    """Told of the value of `key`, and not of the whole section."""
    return ValidationError.from_exception_data(_OWN, [_line(key, text, None)])


def _line(key: str, text: str, written: Any) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=(key,), input=written, ctx={"error": ValueError(text)})
