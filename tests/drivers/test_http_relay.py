"""Relays, inputs and triggers reached by HTTP, against web servers that answer as the products do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DriverContext, DriverError, NotSent
from drivers.http_input import HttpInputSettings
from drivers.http_relay import HttpRelaySettings
from drivers.http_trigger import HttpTriggerSettings
from drivers.over_http.dialects import pulse_time
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.web_relays import PASSWORD, PRODUCTS, Answer, Device, WebServer, a_gate_opener

FIRST = {"shelly_gen1": 0, "shelly_gen2": 0}
SPEAKS = {"controlbyweb_older": "controlbyweb"}
EVERY_PRODUCT = pytest.mark.parametrize("product", sorted(PRODUCTS))


@pytest.fixture
def plugged() -> Iterator[Callable[..., WebServer]]:
    servers: list[WebServer] = []

    def plug_in(answers: Any) -> WebServer:
        server = WebServer(Device(answers))
        server.plug_in()
        servers.append(server)
        return server

    yield plug_in
    for server in servers:
        server.pull_out()


@pytest.fixture
def a_relay(context: DriverContext, started: Any, plugged: Any) -> Callable[..., Any]:
    async def build(product: str, prepare: Callable[[Device], None] = lambda device: None, **written: Any) -> Any:
        server = plugged(PRODUCTS[product])
        prepare(server.device)
        settings = a_product(product, server, **{"watch": 0.1, **written})
        return await started(settings.build(context)), server

    return build


def a_product(product: str, server: WebServer, **written: Any) -> HttpRelaySettings:
    where = {"host": "127.0.0.1", "port": server.port, "answer_within": 0.5}
    return HttpRelaySettings.model_validate({"speaks": SPEAKS.get(product, product), **where, **written})


async def known(relay: Any) -> Any:
    await eventually(lambda: relay.on is not None)
    return relay


@EVERY_PRODUCT
async def test_a_pulse_is_timed_by_the_device(a_relay, product: str):
    relay, server = await a_relay(product)
    await known(relay)
    channel = FIRST.get(product, 1)
    assert relay.times_pulses
    assert relay.reads_back
    assert server.device.moves == []  # nothing moved because it was started
    began = time.monotonic()
    await relay.pulse(1)
    assert time.monotonic() - began < 0.6
    await eventually(lambda: not server.device.made(channel))
    assert server.device.orders(channel) == [True, False]
    assert 0.9 < server.device.lasted(channel) < 1.3
    await eventually(lambda: relay.on is False)


@EVERY_PRODUCT
async def test_a_contact_is_held_until_it_is_released(a_relay, product: str):
    relay, server = await a_relay(product)
    await known(relay)
    channel = FIRST.get(product, 1)
    await relay.switch(True)
    assert relay.on is True
    await asyncio.sleep(0.3)
    with pytest.raises(DriverError, match=r"relay\.busy"):
        await relay.pulse(0.1)
    assert server.device.made(channel)
    await relay.switch(False)
    assert relay.on is False
    assert server.device.orders(channel) == [True, False]


@EVERY_PRODUCT
async def test_a_contact_that_is_held_and_told_so_again_isnt_opened_by_a_device_that_fails(a_relay, product: str):
    relay, server = await a_relay(product)
    await known(relay)
    channel = FIRST.get(product, 1)
    await relay.switch(True)
    server.device.slow_after = 0.7
    with pytest.raises(DriverError):
        await relay.switch(True)
    server.device.slow_after = 0
    await asyncio.sleep(0.8)
    await eventually(lambda: relay.on is True)
    assert set(server.device.orders(channel)) == {True}


async def test_two_pulses_in_a_row_are_two_even_where_the_device_rounds_them_up(a_relay):
    relay, server = await a_relay("shelly_gen1")
    await known(relay)
    await relay.pulse(0.5)
    await asyncio.sleep(0.6)
    await relay.pulse(0.5)
    await eventually(lambda: not server.device.made(0))
    assert server.device.orders(0) == [True, False, True, False]


async def test_a_hold_after_a_pulse_isnt_ended_by_tasmotas_pulse_time(a_relay):
    relay, server = await a_relay("tasmota")
    await known(relay)
    await relay.pulse(0.2)
    await relay.switch(True)
    await asyncio.sleep(0.5)
    assert server.device.made(1)
    assert server.device.pulse_times == {1: 0}


@pytest.mark.parametrize(
    ("seconds", "value"), [(0.04, 1), (0.5, 5), (1.0, 10), (11.1, 111), (11.5, 112), (12, 112), (60, 160)]
)
def test_tasmotas_pulse_time_counts_tenths_and_then_seconds(seconds: float, value: int):
    assert pulse_time(seconds) == value


@EVERY_PRODUCT
async def test_a_locked_device_takes_the_password_and_no_log_and_no_address_shows_it(
    a_relay, product: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd
):
    monkeypatch.setenv("RELAY_PASSWORD", PASSWORD)
    caplog.set_level(logging.INFO)

    def locked(device: Device) -> None:
        device.locked = True

    relay, server = await a_relay(product, locked, password_env="RELAY_PASSWORD")
    await known(relay)
    await relay.pulse(1)
    assert server.device.orders(FIRST.get(product, 1))[:1] == [True]
    assert not any("word" in value for asked in server.device.asked for value in asked.query.values())
    assert PASSWORD not in caplog.text + "".join(capfd.readouterr())


@EVERY_PRODUCT
async def test_a_wrong_password_is_a_fault_and_nothing_moves(
    a_relay, product: str, monkeypatch: pytest.MonkeyPatch, faults: Notebook
):
    monkeypatch.setenv("RELAY_PASSWORD", "another")

    def locked(device: Device) -> None:
        device.locked = True

    relay, server = await a_relay(product, locked, password_env="RELAY_PASSWORD")
    await eventually(lambda: "http.refused" in faults.on)
    with pytest.raises(DriverError) as refused:
        await relay.pulse(1)
    assert refused.value.fault.code == "http.refused"
    assert "another" not in refused.value.detail
    assert server.device.moves == []
    assert "relay.left_made" not in faults.on


@EVERY_PRODUCT
async def test_a_contact_that_doesnt_obey_is_a_fault(a_relay, product: str):
    def stuck(device: Device) -> None:
        device.disobeys = True

    relay, server = await a_relay(product, stuck)
    await known(relay)
    with pytest.raises(DriverError) as failed:
        await relay.pulse(2)
    assert failed.value.fault.code == "relay.not_obeyed"
    assert server.device.orders(FIRST.get(product, 1)) == [True, False]


@pytest.mark.parametrize("product", ["shelly_gen1", "shelly_gen2"])
async def test_a_contact_made_without_its_timer_is_opened_at_once(a_relay, product: str):
    def forgetful(device: Device) -> None:
        device.forgets_timers = True

    relay, server = await a_relay(product, forgetful)
    await known(relay)
    with pytest.raises(DriverError) as failed:
        await relay.pulse(2)
    assert failed.value.fault.code == "relay.not_obeyed"
    assert server.device.orders(0) == [True, False]


async def test_a_device_that_is_gone_refuses_orders_and_none_is_sent_when_it_is_back(a_relay, faults: Notebook):
    relay, server = await a_relay("shelly_gen1")
    await known(relay)
    server.pull_out()
    await eventually(lambda: "http.unreachable" in faults.on)
    assert relay.on is None
    with pytest.raises(DriverError) as refused:
        await relay.pulse(1)
    assert refused.value.fault.code == "http.unreachable"
    server.plug_in()
    await eventually(lambda: not faults.on)
    await asyncio.sleep(0.5)
    assert server.device.moves == []


async def test_an_order_that_was_obeyed_but_not_answered_in_time_is_undone_and_not_repeated(a_relay, faults: Notebook):
    relay, server = await a_relay("shelly_gen1", answer_within=0.2)
    await known(relay)
    server.device.slow_after = 0.4
    with pytest.raises(DriverError) as failed:
        await relay.switch(True)
    assert failed.value.fault.code == "http.unreachable"
    assert "relay.left_made" in faults.on
    server.device.slow_after = 0
    await eventually(lambda: not faults.on)
    assert not server.device.made(0)
    assert server.device.orders(0).count(True) == 1


async def test_a_caller_that_is_cancelled_leaves_no_order_half_done(a_relay):
    relay, server = await a_relay("shelly_gen1")
    await known(relay)
    server.device.slow = 0.2
    order = asyncio.create_task(relay.switch(True))
    await asyncio.sleep(0.1)
    order.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await order
    await relay.switch(False)
    assert server.device.orders(0) == [True, False]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer("", 302, {"Location": "/relay/0?turn=on"}), "http.garbled"),
        (Answer('{"ison": true, "has_timer": true}', cut=5), "http.garbled"),
        (Answer("<html>my router</html>"), "http.garbled"),
        (Answer('{"ison": "maybe"}'), "http.garbled"),
        (Answer("[1]"), "http.garbled"),
        (Answer("x" * 100_000), "http.garbled"),
        (Answer("", 403), "http.refused"),
        (Answer("busy", 503), "http.refused"),
    ],
)
async def test_an_answer_that_isnt_the_products_is_no_success(a_relay, answer: Answer, code: str, faults: Notebook):
    relay, server = await a_relay("shelly_gen1")
    await known(relay)
    server.device.instead = answer
    server.device.asked.clear()
    with pytest.raises(DriverError) as failed:
        await relay.pulse(1)
    assert failed.value.fault.code == code
    assert [asked.query.get("turn") for asked in server.device.asked].count("on") == 1
    server.device.instead = None
    await eventually(lambda: not faults.on)
    assert server.device.moves == [] or set(server.device.orders(0)) == {False}


async def test_a_contact_left_made_by_a_dead_daemon_is_opened_at_start_unless_it_holds_an_arm_up(a_relay):
    def left_made(device: Device) -> None:
        device.contacts[0] = True

    _, server = await a_relay("shelly_gen2", left_made)
    await eventually(lambda: not server.device.made(0))
    assert server.device.orders(0) == [False]
    relay, server = await a_relay("shelly_gen2", left_made, safe_state="leave")
    await eventually(lambda: relay.on is True)
    await relay.stop()
    assert server.device.moves == []


async def test_a_held_contact_that_opens_by_itself_is_a_fault(a_relay, faults: Notebook):
    relay, server = await a_relay("controlbyweb")
    await known(relay)
    await relay.switch(True)
    server.device.contacts[1] = False
    await eventually(lambda: "relay.not_obeyed" in faults.on)
    assert server.device.orders(1) == [True]


async def test_an_expired_nonce_of_a_shelly_costs_one_more_question_and_no_second_order(
    a_relay, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RELAY_PASSWORD", PASSWORD)

    def locked(device: Device) -> None:
        device.locked = True

    relay, server = await a_relay("shelly_gen2", locked, password_env="RELAY_PASSWORD", watch=60)
    await known(relay)
    server.device.nonce = "n1"
    await relay.pulse(1)
    assert server.device.orders(0) == [True]


# --- inputs ---


@EVERY_PRODUCT
async def test_an_input_is_polled(context: DriverContext, started, plugged, product: str, faults: Notebook):
    server = plugged(PRODUCTS[product])
    channel = FIRST.get(product, 1)
    where = {"host": "127.0.0.1", "port": server.port, "poll": 0.1, "answer_within": 0.3}
    settings = HttpInputSettings.model_validate({"speaks": SPEAKS.get(product, product), **where})
    loop = await started(settings.build(context))
    heard: list[bool | None] = []
    loop.on_level(heard.append)
    await eventually(lambda: loop.level is False)
    server.device.inputs[channel] = True
    await eventually(lambda: loop.level is True)
    server.device.slow = 1
    await eventually(lambda: loop.level is None)
    assert "http.unreachable" in faults.on
    server.device.slow = 0
    await eventually(lambda: loop.level is True)
    assert heard == [False, True, None, True]
    assert not faults.on


# --- triggers ---


@pytest.fixture
def a_trigger(context: DriverContext, started: Any, plugged: Any) -> Callable[..., Any]:
    async def build(**written: Any) -> Any:
        server = plugged(a_gate_opener)
        addresses = {
            key: f"http://127.0.0.1:{server.port}{value}" if key.endswith("address") else value
            for key, value in written.items()
        }
        settings = HttpTriggerSettings.model_validate({"answer_within": 0.5, **addresses})
        return await started(settings.build(context)), server

    return build


async def test_a_trigger_fetches_its_address_once(a_trigger):
    relay, server = await a_trigger(pulse_address="/pulse", method="POST", body='{"gate": 1}')
    assert relay.times_pulses
    await relay.pulse(1)
    assert [(asked.method, asked.path, asked.body) for asked in server.device.asked] == [
        ("POST", "/pulse", '{"gate": 1}')
    ]
    assert relay.on is None
    with pytest.raises(DriverError, match=r"http\.cannot"):
        await relay.switch(True)


async def test_a_trigger_with_two_addresses_is_timed_by_the_daemon(a_trigger):
    relay, server = await a_trigger(on_address="/on", off_address="/off")
    assert not relay.times_pulses
    await relay.pulse(0.3)
    assert server.device.orders(0) == [True, False]
    assert 0.28 < server.device.lasted(0) < 0.6


async def test_a_trigger_whose_pulse_comes_too_late_fetches_nothing(a_trigger):
    relay, server = await a_trigger(on_address="/on", off_address="/off")
    with pytest.raises(NotSent):
        await relay.pulse(0.1, 0.0)
    assert server.device.orders(0) == []


async def test_a_trigger_whose_caller_is_cancelled_still_ends_its_pulse(a_trigger):
    relay, server = await a_trigger(on_address="/on", off_address="/off")
    pulse = asyncio.create_task(relay.pulse(0.3))
    await eventually(lambda: server.device.made(0))
    pulse.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pulse
    await eventually(lambda: not server.device.made(0))


async def test_a_trigger_that_is_stopped_during_a_pulse_opens_its_contact(a_trigger):
    relay, server = await a_trigger(on_address="/on", off_address="/off")
    pulse = asyncio.create_task(relay.pulse(30))
    await eventually(lambda: server.device.made(0))
    await relay.stop()
    await pulse
    assert server.device.orders(0) == [True, False]


async def test_a_trigger_whose_device_is_gone_during_a_pulse_opens_it_when_it_is_back(a_trigger, faults: Notebook):
    relay, server = await a_trigger(on_address="/on", off_address="/off")
    pulse = asyncio.create_task(relay.pulse(0.3))
    await eventually(lambda: server.device.made(0))
    server.pull_out()
    with pytest.raises(DriverError):
        await pulse
    assert "relay.left_made" in faults.on
    server.plug_in()
    await eventually(lambda: not server.device.made(0))
    await eventually(lambda: not faults.on)
    assert server.device.orders(0) == [True, False]


async def test_a_trigger_is_started_and_stopped_without_a_word(a_trigger):
    relay, server = await a_trigger(on_address="/on", off_address="/off")
    await asyncio.sleep(0.1)
    await relay.stop()
    assert server.device.asked == []


async def test_an_answer_without_the_expected_text_is_no_success(a_trigger):
    relay, _ = await a_trigger(pulse_address="/pulse", expect="gate opened")
    with pytest.raises(DriverError, match=r"http\.garbled"):
        await relay.pulse(1)


async def test_a_password_in_a_trigger_is_filled_in_when_it_is_fetched(
    a_trigger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("RELAY_PASSWORD", PASSWORD)
    relay, server = await a_trigger(pulse_address="/pulse?key=$password", password_env="RELAY_PASSWORD")
    await relay.pulse(1)
    assert server.device.asked[0].query == {"key": PASSWORD}
    assert "authorization" not in server.device.asked[0].headers
    assert "s3cret" not in caplog.text


BY_POST = {"pulse_address": "http://10.0.0.9/on", "method": "POST"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, "pulse_address is expected"),
        ({"on_address": "http://10.0.0.9/on"}, "belong together"),
        ({"pulse_address": "10.0.0.9/on"}, "an address is expected"),
        ({"pulse_address": "http://admin:hunter2@10.0.0.9/on"}, "no login stands in an address"),
        ({"pulse_address": "http://10.0.0.9/on?password=hunter2"}, "no secret stands in an address"),
        ({"pulse_address": "http://10.0.0.9/on?apikey=hunter2"}, "no secret stands in an address"),
        ({"pulse_address": "http://10.0.0.9/on?pw=hunter2"}, "no secret stands in an address"),
        ({"pulse_address": "http://10.0.0.9/on?gate=1;PIN=hunter2"}, "no secret stands in an address"),
        ({"pulse_address": "http://10.0.0.9/on?user_code=hunter2"}, "no secret stands in an address"),
        ({"pulse_address": "http://10.0.0.9/on?p%77=hunter2"}, "no secret stands in an address"),
        (
            {**BY_POST, "body": '{"gate": 1, "code": "hunter2"}'},
            r"write \$password for code",
        ),
        ({**BY_POST, "body": "gate=1&pw=hunter2"}, "no secret stands in a body"),
        ({**BY_POST, "body": "<open><accessCode>hunter2</accessCode></open>"}, "no secret stands in a body"),
        ({**BY_POST, "body": '{"token": "Bearer hunter2"}'}, "no secret stands in a body"),
        ({"pulse_address": "http://10.0.0.9/on", "body": "x"}, "a body is sent with"),
        ({"on_address": "http://10.0.0.9/on", "off_address": "http://10.0.0.8/off"}, "of one device"),
        ({"pulse_address": "http://10.0.0.9/on", "safe_state": "open"}, "needs an off_address"),
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused_without_repeating_a_secret(written: dict[str, Any], expected: str):
    with pytest.raises(ValidationError, match=expected) as refused:
        HttpTriggerSettings.model_validate(written)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        {"pulse_address": "http://10.0.0.9/on?pin=$password&gate=2&encode=utf8&spinning=no"},
        {**BY_POST, "body": '{"token": "Bearer $password", "gate": 1, "code": ""}'},
        {**BY_POST, "body": "<open><pw>$password</pw><barcode>5</barcode></open>"},
    ],
)
def test_what_is_no_secret_may_stand_there(written: dict[str, Any]):
    HttpTriggerSettings.model_validate(written)


def test_what_a_trigger_claims_repeats_neither_query_nor_body():
    def claim(address: str, **more: Any) -> str:
        return HttpTriggerSettings.model_validate({"pulse_address": address, **more}).claims["pulse_address"]

    assert claim("http://10.0.0.9/on") == "GET http://10.0.0.9/on"
    one, other = claim("http://10.0.0.9/on?x=hunter2"), claim("http://10.0.0.9/on?x=hunter3")
    assert one != other
    assert one == claim("http://10.0.0.9/on?x=hunter2")
    assert one.startswith("GET http://10.0.0.9/on #")
    posted = claim("http://10.0.0.9/on", method="POST", body="x=hunter2")
    assert "hunter" not in one + other + posted


# --- settings ---


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"speaks": "tasmota", "channel": 0}, "tasmota counts them from 1 to 8"),
        ({"speaks": "shelly_gen1", "channel": 4}, "shelly_gen1 counts them from 0 to 3"),
        ({"speaks": "tasmota", "host": "http://10.0.0.9"}, "only the device's name or address"),
        ({"speaks": "tasmota", "host": "admin:hunter2@10.0.0.9"}, "only the device's name or address"),
        ({"speaks": "tasmota", "username": "admin"}, "a username needs its password"),
        ({"speaks": "tasmota", "password_env": "A", "password_file": "/b"}, "the password has one place"),
        ({"speaks": "tasmota", "password": "hunter2"}, "Extra inputs"),
    ],
)
def test_a_relay_that_makes_no_sense_is_refused_without_repeating_a_secret(written: dict[str, Any], expected: str):
    with pytest.raises(ValidationError, match=expected) as refused:
        HttpRelaySettings.model_validate({"host": "10.0.0.9", **written})
    assert "hunter2" not in str(refused.value)


def test_one_channel_of_one_device_belongs_to_one_part():
    def claims(**written: Any) -> Any:
        return HttpRelaySettings.model_validate({"speaks": "shelly_gen1", "host": "10.0.0.9", **written}).claims

    assert claims() == claims(channel=0, port=80) == {"channel": "relay 0 at http://10.0.0.9"}
    assert claims() != claims(channel=1)
    assert claims() != claims(host="10.0.0.8")


def test_only_a_host_on_this_machine_may_be_simulated():
    relay = {"speaks": "tasmota"}
    assert not HttpRelaySettings.model_validate({"host": "127.0.0.1", **relay}).reaches_hardware
    assert not HttpRelaySettings.model_validate({"host": "::1", **relay}).reaches_hardware
    assert HttpRelaySettings.model_validate({"host": "10.0.0.9", **relay}).reaches_hardware
    assert HttpTriggerSettings.model_validate({"pulse_address": "http://gate/open"}).reaches_hardware
