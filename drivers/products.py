"""The products that are known by name: what each says, where, and how its channels are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Place(StrEnum):
    """What a technician writes as `at`."""

    HOST = "name or address in the network"
    PORT = "serial port"
    TOPIC = "base topic at the broker"
    HERE = "nothing: it sits on this computer"


@dataclass(frozen=True)
class Wired:
    """One kind of channel of a product, and the driver that reaches it.

    `channels` are the numbers as printed on the product. `key` is the driver's own key for it, whose value is the
    printed number plus `shift`, or what `numbers` says. Without a key there is only one, and nothing to choose.
    """

    driver: str
    channels: tuple[int, ...] = (1,)
    key: str | None = None
    shift: int = 0
    numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    named: bool = False
    """The channel is chosen by a name that the installer gave to it"""
    at: str = ""
    """The driver's own key for `at`"""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Product:
    name: str
    title: str
    place: Place
    relay: Wired | None
    input: Wired | None = None
    pulse_by_product: bool = False
    """Whether it ends a pulse itself, so that a dead daemon leaves no contact made"""
    reads_back: bool = True
    source: str = ""
    """Where what is written here comes from"""
    remark: str = ""


BYTES = "the table of bytes in the driver's file; the maker's own sheet wasn't at hand"
SHELLY_1, SHELLY_2 = "Shelly API documentation, first generation", "Shelly API documentation, Switch component"
TASMOTA = "Tasmota documentation and source (PulseTime, /cm)"
WEBRELAY = "WebRelay, WebRelay-Quad and WebRelay-10 user's manuals (XML control)"
CBW_X = "what others use (state.xml?relay1=2); the driver takes the names from the device's own answer"
WAVESHARE = "Waveshare wiki as remembered; to be compared with the sheet of the board that was bought"


def _numbered(count: int, first: int = 1) -> tuple[int, ...]:
    return tuple(range(first, first + count))


def _relays(count: int) -> str:
    return f"{count} relay{'s' if count > 1 else ''}"


def _lcus(count: int) -> Product:
    return Product(
        name=f"lcus-{count}",
        title=f"LCUS USB relay board (CH340), {_relays(count)}",
        place=Place.PORT,
        relay=Wired("lcus", _numbered(count), "channel", at="port"),
        reads_back=False,
        source=BYTES,
        remark="The board can't be asked",
    )


def _kmtronic(count: int) -> Product:
    return Product(
        name=f"kmtronic-{count}",
        title=f"KMTronic relay board (USB or RS-232), {_relays(count)}",
        place=Place.PORT,
        relay=Wired("kmtronic", _numbered(count), "channel", at="port", settings={"channels": count}),
        source=BYTES,
    )


def _numato(count: int) -> Product:
    return Product(
        name=f"numato-{count}",
        title=f"Numato USB relay module, {_relays(count)}",
        place=Place.PORT,
        relay=Wired("numato", _numbered(count, first=0), "channel", at="port"),
        source=BYTES,
        remark="Counted from 0, as printed; relay A of Numato's own manual is 10",
    )


def _modbus(
    name: str,
    title: str,
    relays: int,
    inputs: int = 0,
    *,
    over_tcp: bool,
    source: str,
    remark: str = "",
    first: int = 1,
    tcp_port: int = 502,
) -> Product:
    """A board whose relays are coils and whose inputs are discrete inputs, both from 0 on."""
    driver, at = ("modbus_tcp", "host") if over_tcp else ("modbus_rtu", "port")
    line = {"port": tcp_port} if over_tcp else {}
    return Product(
        name=name,
        title=title,
        place=Place.HOST if over_tcp else Place.PORT,
        relay=Wired(driver, _numbered(relays, first), "coil", -first, at=at, settings=line),
        input=Wired(driver, _numbered(inputs, first), "discrete_input", -first, at=at, settings=line)
        if inputs
        else None,
        source=source,
        remark=remark,
    )


def _http(
    name: str, title: str, speaks: str, relays: int, inputs: int, first: int, source: str, remark: str = ""
) -> Product:
    shift = first - 1
    settings = {"speaks": speaks}
    return Product(
        name=name,
        title=title,
        place=Place.HOST,
        relay=Wired("http", _numbered(relays), "channel", shift, at="host", settings=settings),
        input=Wired("http", _numbered(inputs), "channel", shift, at="host", settings=settings) if inputs else None,
        pulse_by_product=True,
        source=source,
        remark=remark,
    )


def _shelly_mqtt(name: str, title: str, generation: int, channels: int) -> Product:
    settings = {"generation": generation}
    return Product(
        name=f"{name}-mqtt",
        title=f"{title}, by MQTT",
        place=Place.TOPIC,
        relay=Wired("shelly_mqtt", _numbered(channels), "channel", -1, at="prefix", settings=settings),
        input=Wired("shelly_mqtt", _numbered(channels), "channel", -1, at="prefix", settings=settings),
        pulse_by_product=generation > 1,
        source=SHELLY_1 if generation == 1 else SHELLY_2,
        remark="The daemon ends pulses unless options: {auto_off: ...} names the device's own timer"
        if generation == 1
        else "",
    )


def _tasmota_mqtt(name: str, title: str, relays: int) -> Product:
    return Product(
        name=f"{name}-mqtt",
        title=f"{title}, by MQTT",
        place=Place.TOPIC,
        relay=Wired("tasmota_mqtt", _numbered(relays), "relay", at="topic"),
        input=Wired("tasmota_mqtt", _numbered(relays), "switch", at="topic"),
        pulse_by_product=True,
        source=TASMOTA,
        remark="`at` is the device's Topic",
    )


_FLASH = "Its flash-on could end pulses (options: {pulse_by: waveshare_flash}); not verified on hardware, so off"
_WHOLE_SECONDS = "Pulses are rounded up to whole seconds"
_OFF_AT_POWER = "Set its relay to stay off after a power cut"
_POWER_ON = f"{_OFF_AT_POWER} (PowerOnState 0); for the input, SetOption114 1"

PRODUCTS: tuple[Product, ...] = (
    *(_lcus(count) for count in (1, 2, 4, 8)),
    *(_kmtronic(count) for count in (1, 2, 4, 8)),
    *(_numato(count) for count in (1, 2, 4, 8, 16, 32)),
    Product(
        name="devantech-rly16",
        title="Devantech USB-RLY16, USB-RLY16L, 8 relays",
        place=Place.PORT,
        relay=Wired("rly16", _numbered(8), "channel", at="port"),
        source=BYTES,
    ),
    Product(
        name="devantech-rly08",
        title="Devantech USB-RLY08, 8 relays",
        place=Place.PORT,
        relay=Wired("rly16", _numbered(8), "channel", at="port"),
        source=BYTES,
        remark="The same bytes as the RLY16",
    ),
    _modbus(
        "waveshare-modbus-rtu-8",
        "Waveshare Modbus RTU Relay, 8 relays (RS-485)",
        8,
        over_tcp=False,
        source=WAVESHARE,
        remark=f"V1 boards (before September 2021) speak another protocol. {_FLASH}",
    ),
    _modbus(
        "waveshare-modbus-rtu-io-8",
        "Waveshare Modbus RTU IO 8CH / Relay (D), 8 relays and 8 inputs (RS-485)",
        8,
        8,
        over_tcp=False,
        source=WAVESHARE,
        remark=_FLASH,
    ),
    _modbus(
        "waveshare-eth-8",
        "Waveshare Modbus POE ETH Relay, 8 relays",
        8,
        over_tcp=True,
        tcp_port=4196,
        source=WAVESHARE,
        remark=f"Set to Modbus TCP in its own page; left at passing raw bytes, options: {{framing: rtu}}. {_FLASH}",
    ),
    _modbus(
        "waveshare-eth-b-8",
        "Waveshare Modbus POE ETH Relay (B), 8 relays and 8 inputs",
        8,
        8,
        over_tcp=True,
        tcp_port=4196,
        source=WAVESHARE,
        remark=_FLASH,
    ),
    _modbus(
        "moxa-iologik-e1214",
        "Moxa ioLogik E1214, 6 relays and 6 inputs",
        6,
        6,
        first=0,
        over_tcp=True,
        source="ioLogik E1200 user's manual, default Modbus addresses",
        remark="Counted from 0, as printed (DO0, DI0)",
    ),
    _modbus(
        "modbus-rtu-8",
        "Any RS-485 board with 8 relays as coils from 0 on, 8 inputs as discrete inputs from 0 on",
        8,
        8,
        over_tcp=False,
        source="Modbus application protocol 1.1b3",
    ),
    _modbus(
        "modbus-tcp-8",
        "Any Modbus TCP board with 8 relays as coils from 0 on, 8 inputs as discrete inputs from 0 on",
        8,
        8,
        over_tcp=True,
        source="Modbus application protocol 1.1b3",
    ),
    _http("shelly-1", "Shelly 1, 1PM, 1L (first generation)", "shelly_gen1", 1, 1, 0, SHELLY_1, _WHOLE_SECONDS),
    _http("shelly-2.5", "Shelly 2.5 (first generation)", "shelly_gen1", 2, 2, 0, SHELLY_1, _WHOLE_SECONDS),
    _http("shelly-plus-1", "Shelly Plus 1, Plus 1PM, 1 Gen3", "shelly_gen2", 1, 1, 0, SHELLY_2, _OFF_AT_POWER),
    _http("shelly-pro-1", "Shelly Pro 1, Pro 1PM", "shelly_gen2", 1, 2, 0, SHELLY_2, _OFF_AT_POWER),
    _http("shelly-pro-2", "Shelly Pro 2, Pro 2PM", "shelly_gen2", 2, 2, 0, SHELLY_2, _OFF_AT_POWER),
    _http("shelly-pro-4", "Shelly Pro 4PM", "shelly_gen2", 4, 4, 0, SHELLY_2, _OFF_AT_POWER),
    _shelly_mqtt("shelly-1", "Shelly 1, 1PM, 1L (first generation)", 1, 1),
    _shelly_mqtt("shelly-plus-1", "Shelly Plus 1, Plus 1PM, 1 Gen3", 2, 1),
    _shelly_mqtt("shelly-pro-1", "Shelly Pro 1, Pro 1PM", 2, 1),
    _http(
        "sonoff-tasmota", "Sonoff Basic, Mini and the like with Tasmota", "tasmota", 1, 1, 1, TASMOTA, "PowerOnState 0"
    ),
    _http("sonoff-4ch-tasmota", "Sonoff 4CH with Tasmota", "tasmota", 4, 4, 1, TASMOTA, _POWER_ON),
    _tasmota_mqtt("sonoff-tasmota", "Sonoff Basic, Mini and the like with Tasmota", 1),
    _tasmota_mqtt("sonoff-4ch-tasmota", "Sonoff 4CH with Tasmota", 4),
    Product(
        name="esphome-mqtt",
        title="Anything with ESPHome and its mqtt component",
        place=Place.TOPIC,
        relay=Wired("esphome_mqtt", (), "object_id", named=True, at="prefix"),
        input=Wired("esphome_mqtt", (), "object_id", named=True, at="prefix"),
        source="ESPHome documentation, MQTT client component",
        remark="`channel` is the name of the switch or sensor in its topics, such as gate_relay",
    ),
    _http("controlbyweb-x410", "ControlByWeb X-410, X-410CW", "controlbyweb", 4, 4, 1, CBW_X),
    _http("controlbyweb-x401", "ControlByWeb X-401", "controlbyweb", 2, 2, 1, CBW_X),
    _http("webrelay", "ControlByWeb WebRelay (X-WR-1R12)", "webrelay", 1, 1, 1, WEBRELAY),
    _http("webrelay-quad", "ControlByWeb WebRelay-Quad (X-WR-4R1)", "webrelay", 4, 0, 1, WEBRELAY),
    Product(
        name="waveshare-rpi-relay-3",
        title="Waveshare RPi Relay Board, 3 relays, on a Raspberry Pi",
        place=Place.HERE,
        relay=Wired("gpio", _numbered(3), "pin", numbers={1: 26, 2: 20, 3: 21}, settings={"active_low": True}),
        reads_back=False,
        source=f"CH1 GPIO26, CH2 GPIO20, CH3 GPIO21, on while low: {WAVESHARE}",
        remark="The pin doesn't tell whether the relay followed",
    ),
    Product(
        name="waveshare-rpi-relay-8",
        title="Waveshare RPi Relay Board (B), 8 relays, on a Raspberry Pi",
        place=Place.HERE,
        relay=Wired(
            "gpio",
            _numbered(8),
            "pin",
            numbers=dict(zip(_numbered(8), (5, 6, 13, 16, 19, 20, 21, 26), strict=True)),
            settings={"active_low": True},
        ),
        reads_back=False,
        source=f"CH1 to CH8 on GPIO5, 6, 13, 16, 19, 20, 21, 26, on while low: {WAVESHARE}",
        remark="The pin doesn't tell whether the relay followed",
    ),
)

BY_NAME: Mapping[str, Product] = {product.name: product for product in PRODUCTS}
