"""Products by name: each profile names drivers that exist, settings they take, and says of them what is true."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DigitalInput, DriverContext, Relay
from drivers.product import ProductInputSettings, ProductRelaySettings, ProductSettings, product_table
from drivers.products import PRODUCTS, Place, Product, Wired
from drivers.registry import find, names
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.modbus_boards import Board, a_tcp_bench
from tests.drivers.web_relays import PRODUCTS as WEB_PRODUCTS
from tests.drivers.web_relays import Device, WebServer

PLACES = {
    Place.HOST: {"at": "192.0.2.40"},
    Place.PORT: {"at": "/dev/serial/by-id/usb-board"},
    Place.TOPIC: {"at": "gate/board", "broker": {"host": "192.0.2.1"}},
    Place.HERE: {},
}
KINDS = {Relay: ProductRelaySettings, DigitalInput: ProductInputSettings}
WIRED = [
    pytest.param(product, kind, wired, id=f"{product.name}-{kind.__name__}")
    for product in PRODUCTS
    for kind, wired in ((Relay, product.relay), (DigitalInput, product.input))
    if wired is not None
]


def written(product: Product, **more: Any) -> dict[str, Any]:
    return {"product": product.name, **PLACES[product.place], **more}


def channels_of(wired: Wired) -> tuple[Any, ...]:
    return ("gate_relay",) if wired.named else wired.channels


def a_part(product: Product, kind: type, channel: Any) -> ProductSettings:
    return KINDS[kind].model_validate(written(product, channel=channel))


@pytest.mark.parametrize(("product", "kind", "wired"), WIRED)
def test_every_profile_names_a_driver_that_takes_its_settings_for_each_channel(
    product: Product, kind: type, wired: Wired, context: DriverContext
):
    assert wired.driver in set(names(kind)) - {"product"}
    for channel in channels_of(wired):
        part = a_part(product, kind, channel)
        assert part.behind.contract is kind
        assert isinstance(part.build(context), kind)


@pytest.mark.parametrize(("product", "kind", "wired"), WIRED)
def test_no_two_channels_of_a_product_are_one(product: Product, kind: type, wired: Wired):
    claims = [*itertools.chain(*(a_part(product, kind, channel).claims.values() for channel in channels_of(wired)))]
    assert len(set(claims)) == len(claims) == len(channels_of(wired))


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_what_the_table_says_of_a_relay_is_what_its_driver_says(product: Product, context: DriverContext):
    assert product.relay is not None
    relay = a_part(product, Relay, channels_of(product.relay)[0]).build(context)
    assert (relay.times_pulses, relay.reads_back) == (product.pulse_by_product, product.reads_back)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_every_product_says_where_its_profile_comes_from_and_stands_in_the_manual(product: Product):
    assert product.source
    assert f"| `{product.name}` | {product.title} |" in product_table()


def test_no_name_stands_for_two_products():
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)


def test_the_table_is_a_table_and_claims_no_hardware_that_nobody_had():
    rows = product_table().splitlines()
    assert {row.count(" | ") for row in rows} == {8}
    assert all("hardware: none yet" in row for row in rows[2:])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("lcus-4", {"driver": "lcus", "channel": 3}),
        ("kmtronic-8", {"driver": "kmtronic", "channel": 3, "channels": 8}),
        ("Numato 16", {"driver": "numato", "channel": 3}),
        ("Waveshare_Modbus_RTU_8", {"driver": "modbus_rtu", "coil": 2, "unit": 1}),
        ("waveshare-eth-8", {"driver": "modbus_tcp", "coil": 2, "port": 4196}),
        ("moxa-iologik-e1214", {"driver": "modbus_tcp", "coil": 3, "port": 502}),
        ("sonoff-4ch-tasmota", {"driver": "http", "speaks": "tasmota", "channel": 3}),
        ("shelly-pro-4", {"driver": "http", "speaks": "shelly_gen2", "channel": 2}),
        ("waveshare-rpi-relay-3", {"driver": "gpio", "pin": 21, "active_low": True}),
    ],
)
def test_the_third_relay_as_printed_is_the_third_relay(said: str, expected: dict[str, Any]):
    product = next(product for product in PRODUCTS if product.name == said.lower().replace("_", "-").replace(" ", "-"))
    behind = ProductRelaySettings.model_validate({**written(product, channel=3), "product": said}).behind
    assert {key: getattr(behind, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("shely-plus-1", "did you mean shelly-plus-1"),
        ("kmtronik-4", "did you mean kmtronic-4"),
        ("toaster", "no such product; known are: lcus-1, "),
    ],
)
def test_an_unknown_product_gives_the_nearest_right_spelling(product: str, expected: str):
    with pytest.raises(ValidationError, match=expected):
        ProductRelaySettings.model_validate({"product": product, "at": "192.0.2.40"})


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"product": "shelly-1"}, "`at` is expected beside it: the product's name or address"),
        ({"product": "waveshare-rpi-relay-3", "at": "192.0.2.40"}, "`at` isn't expected"),
        ({"product": "shelly-1", "at": "192.0.2.40", "channel": 2}, "only 1"),
        (
            {"product": "shelly-1", "at": "http://admin:hunter2@192.0.2.40"},
            "at\n  Value error, only the device's name or address",
        ),
        ({"product": "kmtronic-4", "at": "COM3"}, "at\n  Value error, the port's device file is expected"),
        ({"product": "kmtronic-4", "at": "/dev/ttyUSB0", "unit": 3}, "unit\n  Value error, .* has no use for this key"),
        ({"product": "shelly-1", "at": "192.0.2.40", "broker": {"host": "a"}}, "isn't reached by MQTT"),
        ({"product": "shelly-1-mqtt", "at": "shellies/shelly1-B929CC"}, "`broker` is expected"),
        ({"product": "esphome-mqtt", "at": "gate", "broker": {"host": "a"}}, "`channel` is expected"),
        ({"product": "shelly-1", "at": "192.0.2.40", "options": {"wach": 3}}, "options.wach\n  Extra inputs"),
    ],
)
def test_a_product_that_is_written_wrong_is_refused_in_plain_words(wrong: dict[str, Any], expected: str):
    with pytest.raises(ValidationError, match=expected) as refused:
        ProductRelaySettings.model_validate(wrong)
    assert "hunter2" not in str(refused.value)


def test_a_product_without_inputs_is_refused_as_an_input():
    with pytest.raises(ValidationError, match="has no input"):
        ProductInputSettings.model_validate({"product": "kmtronic-4", "at": "/dev/ttyUSB0"})


def test_options_reach_the_driver_behind_and_its_faults_are_the_products():
    part = ProductRelaySettings.model_validate(
        {"product": "modbus-tcp-8", "at": "gate.local:1502", "unit": 7, "options": {"safe_state": "leave"}}
    )
    behind: Any = part.behind
    assert (behind.host, behind.port, behind.unit, behind.safe_state) == ("gate.local", 1502, 7, "leave")
    assert part.faults == find(Relay, "modbus_tcp").faults
    assert {fault.code for fault in part.faults} < {fault.code for fault in ProductRelaySettings.faults}


def test_a_relay_named_by_its_product_and_by_its_driver_is_one_relay():
    by_product = ProductRelaySettings.model_validate({"product": "shelly-pro-2", "at": "192.0.2.40", "channel": 2})
    by_driver = find(Relay, "http").model_validate({"speaks": "shelly_gen2", "host": "192.0.2.40", "channel": 1})
    assert set(by_product.claims.values()) == set(by_driver.claims.values())
    assert set(by_product.claims) == {"channel"}


def test_two_kinds_of_board_on_one_serial_port_can_be_told():
    at = {"at": "/dev/ttyUSB0"}
    lcus = ProductRelaySettings.model_validate({"product": "lcus-2", **at})
    modbus = ProductRelaySettings.model_validate({"product": "modbus-rtu-8", **at})
    assert lcus.shares["at"][0] == modbus.shares["at"][0]
    assert lcus.shares["at"][1] != modbus.shares["at"][1]


async def test_a_shelly_by_its_product_gives_its_pulse(context: DriverContext, started, monkeypatch):
    server = WebServer(Device(WEB_PRODUCTS["shelly_gen2"], locked=True))
    server.plug_in()
    monkeypatch.setenv("SHELLY_PASSWORD", "s3cret&word")
    written = {"product": "Shelly Plus 1", "at": f"127.0.0.1:{server.port}", "password_env": "SHELLY_PASSWORD"}
    relay = await started(ProductRelaySettings.model_validate(written).build(context))
    await eventually(lambda: relay.on is False)
    await relay.pulse(0.3)
    await eventually(lambda: not server.device.made(0))
    assert server.device.orders(0) == [True, False]
    server.pull_out()


async def test_relays_and_inputs_of_one_modbus_board_share_its_connection(
    context: DriverContext, started, faults: Notebook, unused_tcp_port_here: int
):
    board = Board(inputs={1: True})
    bench = a_tcp_bench(board, unused_tcp_port_here)
    bench.plug_in()
    at = {"product": "modbus-tcp-8", "at": f"127.0.0.1:{unused_tcp_port_here}", "channel": 2}
    relay = await started(ProductRelaySettings.model_validate(at).build(context))
    loop = await started(ProductInputSettings.model_validate(at).build(context))
    await eventually(lambda: relay.on is False and loop.level is True)
    await asyncio.gather(relay.pulse(0.1))
    assert board.orders(1) == [True, False]
    assert len(context.shared) == 1
    assert not faults.on
    await relay.stop()
    await loop.stop()
    bench.end()


@pytest.fixture
def unused_tcp_port_here() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
