"""What holds for every driver that the registry finds, whoever wrote it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import cv2
import gpiozero
import numpy as np
import pytest

from drivers import contract
from drivers.contract import ChargeOutcome, DriverContext, DriverError
from drivers.registry import catalogue, driver_name
from drivers.settings import DriverSettings
from models.ids import PaymentId
from models.money import Minor
from simulator.servers import free_port
from tests.drivers.conftest import Notebook, eventually

EVERY = sorted(catalogue().found.values(), key=lambda settings: settings.__name__)
FRAMES = 5
NOBODY_LISTENS = {"host": "127.0.0.1", "port": 1, "username": "u", "password_env": "GATE_PASSWORD"}
"""A part behind a broker that isn't there."""
NO_BOARD = "/dev/serial/by-id/usb-that-nobody-plugged-in"


def a_recording(folder: Path) -> str:
    file = str(folder / "lane.avi")
    video = cv2.VideoWriter(file, cv2.VideoWriter.fourcc(*"MJPG"), 12, (64, 48))
    for shade in range(FRAMES):
        video.write(np.full((48, 64, 3), shade * 40, np.uint8))
    video.release()
    return file


EXAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("Barrier", "mqtt"): {
        **NOBODY_LISTENS,
        "command_topic": "gate/command",
        "payload_vend": '{"vend": "$vend", "until": $until}',
        "payload_hold": '{"hold": true, "id": "$id", "until": $until}',
        "payload_release": '{"hold": false, "id": "$id", "until": $until}',
        "payload_lower": '{"lower": true, "id": "$id", "until": $until}',
        "position_topic": "gate/position",
    },
    ("Barrier", "relays"): {
        "open": {"driver": "gpio", "pin": 17},
        "close": {"driver": "gpio", "pin": 18, "active_low": True},
        "hold_by": "maintained",
        "pulse": "500 ms",
        "at_top": {"driver": "gpio", "pin": 22},
        "at_bottom": {"driver": "gpio", "pin": 23},
    },
    ("Barrier", "homeassistant_cover"): {**NOBODY_LISTENS, "command_topic": "gate/cover/arm/command"},
    ("DigitalInput", "gpio"): {"pin": 27, "pull": "up", "active_low": True, "debounce": "30 ms"},
    ("DigitalInput", "http"): {"speaks": "shelly_gen2", "host": "127.0.0.1", "port": 1, "answer_within": "1 s"},
    ("DigitalInput", "modbus_rtu"): {"port": "/dev/parkgate-bus-that-isnt-there", "discrete_input": 0},
    ("DigitalInput", "modbus_tcp"): {"host": "127.0.0.1", "port": 1, "input_register": 0, "bit": 3},
    ("DigitalInput", "mqtt"): {**NOBODY_LISTENS, "topic": "gate/loop"},
    ("DigitalInput", "product"): {"product": "shelly-pro-1", "at": "127.0.0.1:1", "channel": 2},
    ("DigitalInput", "shelly_mqtt"): {**NOBODY_LISTENS, "prefix": "shellyplus1-a8032ab12345"},
    ("DigitalInput", "tasmota_mqtt"): {**NOBODY_LISTENS, "topic": "tasmota_9CF9D1"},
    ("DigitalInput", "esphome_mqtt"): {**NOBODY_LISTENS, "prefix": "gate-board", "object_id": "arming_loop"},
    ("Relay", "gpio"): {"pin": 17, "active_low": True},
    ("Relay", "lcus"): {"port": NO_BOARD, "channel": 2},
    ("Relay", "kmtronic"): {"port": NO_BOARD, "channel": 3, "channels": 4},
    ("Relay", "numato"): {"port": NO_BOARD, "channel": 10, "answer_within": "200 ms"},
    ("Relay", "rly16"): {"port": NO_BOARD, "channel": 8, "safe_state": "leave"},
    ("Relay", "http"): {"speaks": "shelly_gen2", "host": "127.0.0.1", "port": 1, "answer_within": "1 s"},
    ("Relay", "http_trigger"): {"pulse_address": "http://127.0.0.1:1/open", "method": "POST", "body": "{}"},
    ("Relay", "modbus_rtu"): {"port": "/dev/parkgate-bus-that-isnt-there", "coil": 0, "baud": 9600},
    ("Relay", "modbus_tcp"): {"host": "127.0.0.1", "port": 1, "coil": 0, "pulse_by": "waveshare_flash"},
    ("Relay", "product"): {"product": "waveshare-eth-8", "at": "127.0.0.1:1", "channel": 3},
    ("Relay", "mqtt"): {**NOBODY_LISTENS, "command_topic": "gate/relay/set", "state_topic": "gate/relay"},
    ("Relay", "shelly_mqtt"): {**NOBODY_LISTENS, "prefix": "shellyplus1-a8032ab12345"},
    ("Relay", "tasmota_mqtt"): {**NOBODY_LISTENS, "topic": "tasmota_9CF9D1"},
    ("Relay", "esphome_mqtt"): {**NOBODY_LISTENS, "prefix": "gate-board", "object_id": "arm"},
    ("CardReader", "wiegand_serial"): {"port": "/dev/serial/by-id/no-converter", "format": "hex26"},
    ("CardReader", "osdp"): {"port": "/dev/serial/by-id/no-rs485", "address": 1, "key_env": "READER_KEY"},
    ("CodeScanner", "serial_scanner"): {"port": "/dev/serial/by-id/no-scanner", "prefix": "]Q1"},
    ("CodeScanner", "keyboard_scanner"): {"device": "/dev/input/by-id/no-scanner-event-kbd"},
    ("Sign", "line_display"): {"tcp": {"host": "127.0.0.1", "port": 1}, "line": "\\e[{row};1H{text}"},
    ("TicketPrinter", "escpos"): {"network": {"host": "127.0.0.1", "port": 1}, "print_within": "1 s"},
    ("Sign", "mqtt"): {**NOBODY_LISTENS, "topic": "gate/sign"},
    ("SpotSensor", "mqtt"): {**NOBODY_LISTENS, "topic": "spots/12"},
    ("SpotSensor", "the_things_stack"): {**NOBODY_LISTENS, "application": "north-lot", "device_id": "spot-12"},
    ("SpotSensor", "chirpstack"): {**NOBODY_LISTENS, "application": "7a1c", "dev_eui": "24E124538B223213"},
    ("VehicleClassifier", "mqtt"): {**NOBODY_LISTENS, "topic": "gate/kind"},
    ("PaymentTerminal", "simulated"): {"delay": 0},
    ("PaymentTerminal", "cash"): {"tcp": {"host": "127.0.0.1", "port": 1}, "pay_within": "60 s"},
    ("PaymentTerminal", "nexo"): {"host": "127.0.0.1", "port": 1, "poi_id": "POI-1"},
    ("PlateSource", "http_plates"): {"port": free_port(), "token_env": "PLATES_TOKEN", "silent_after": "60 s"},
    ("PlateSource", "frigate"): {**NOBODY_LISTENS, "camera": "gate", "zones": ["stop"]},
    ("PlateSource", "hikvision"): {"host": "127.0.0.1", "port": 1, "username": "u", "password_env": "GATE_PASSWORD"},
    ("PlateSource", "dahua"): {"post": {"port": free_port(), "token_env": "PLATES_TOKEN"}},
    ("CameraSettings", "opencv"): {"source": "lane.avi", "realtime": False},
    **{
        (kind.__name__, "twin"): {}
        for kind in (
            *(contract.Barrier, contract.DigitalInput, contract.VehicleClassifier, contract.PaymentTerminal),
            *(contract.Sign, contract.TicketPrinter, contract.CodeScanner, contract.CardReader, contract.SpotSensor),
            contract.CameraSettings,
        )
    },
}
"""How a technician writes each driver, by its contract and name."""


@pytest.fixture(autouse=True)
def _no_pins_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Raspberry Pi the pins of the examples may be wired to an arm."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)


def an_example(settings: type[DriverSettings]) -> DriverSettings:
    return settings.model_validate(EXAMPLES[settings.contract.__name__, driver_name(settings)])


def of(kind: type) -> list[type[DriverSettings]]:
    return [settings for settings in EVERY if settings.contract is kind]


def alone(kind: type) -> list[type[DriverSettings]]:
    """Those that do something without a far end; what a twin plays is tested with the twin."""
    return [settings for settings in of(kind) if driver_name(settings) != "twin"]


def test_no_driver_of_this_installation_is_broken():
    assert catalogue().broken == {}


def test_every_driver_is_in_this_suite():
    assert {(kind.__name__, name) for kind, name in catalogue().found} == set(EXAMPLES)


@pytest.mark.parametrize("settings", EVERY)
def test_a_driver_says_what_it_was_tested_against(settings: type[DriverSettings]):
    file = Path(__import__(settings.__module__, fromlist=["_"]).__file__ or "")
    assert "Tested against:" in file.read_text().partition("\n")[0]


@pytest.mark.parametrize("settings", EVERY)
def test_a_technician_can_read_what_each_key_is_for(settings: type[DriverSettings]):
    untold = [key for key, field in settings.model_fields.items() if not field.description and key != "driver"]
    assert untold == []


@pytest.mark.parametrize("settings", EVERY)
def test_the_faults_of_a_driver_have_codes_of_their_own(settings: type[DriverSettings]):
    codes = [fault.code for fault in settings.faults]
    assert len(codes) == len(set(codes))
    assert all(fault.meaning and fault.look_at for fault in settings.faults)


@pytest.mark.parametrize("settings", EVERY)
def test_settings_survive_the_way_to_another_process(settings: type[DriverSettings]):
    example = an_example(settings)
    assert settings.model_validate_json(example.model_dump_json()) == example


@pytest.mark.parametrize("settings", EVERY)
def test_building_a_driver_opens_nothing_and_gives_what_its_contract_says(
    settings: type[DriverSettings], context: DriverContext
):
    threads = threading.active_count()
    built = an_example(settings).build(context)
    assert threading.active_count() == threads
    names = [name for name in dir(settings.contract) if not name.startswith("_")]
    assert [name for name in names if not hasattr(built, name)] == []


def _threads() -> set[str]:
    """By name, without the workers of the event loop, which outlive what they did."""
    return {thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}


@pytest.mark.parametrize("settings", [s for s in EVERY if s.contract is not contract.CameraSettings])
async def test_a_driver_starts_and_stops_while_its_hardware_is_absent(
    settings: type[DriverSettings], context: DriverContext, faults: Notebook
):
    driver = an_example(settings).build(context)
    before = _threads()
    async with asyncio.timeout(15):
        await driver.start()
        await asyncio.sleep(0.2)
        await driver.stop()
        await driver.stop()
    assert _threads() <= before
    assert set(faults.on) <= {fault.code for fault in settings.faults}


@pytest.mark.parametrize("order", ["vend", "hold", "release", "lower"])
@pytest.mark.parametrize("settings", of(contract.Barrier))
async def test_a_barrier_out_of_reach_refuses_every_order_that_it_knows_with_a_declared_fault(
    settings: type[DriverSettings], order: str, context: DriverContext
):
    barrier = an_example(settings).build(context)
    known = {"vend": True, "hold": barrier.can_hold, "release": barrier.can_hold, "lower": barrier.can_lower}
    await barrier.start()
    if known[order]:
        with pytest.raises(DriverError) as refused:
            await (barrier.vend("vend-1") if order == "vend" else getattr(barrier, order)())
        assert refused.value.fault in settings.faults
    assert barrier.position is contract.Position.UNKNOWN
    await barrier.stop()


@pytest.mark.parametrize("settings", of(contract.Relay))
async def test_a_relay_out_of_reach_refuses_to_make_its_contact_with_a_declared_fault(
    settings: type[DriverSettings], context: DriverContext
):
    relay = an_example(settings).build(context)
    await relay.start()
    for order in (lambda: relay.pulse(0.1), lambda: relay.switch(True)):
        with pytest.raises(DriverError) as refused:
            await order()
        assert refused.value.fault in settings.faults
    await relay.stop()


@pytest.mark.parametrize("settings", of(contract.Relay))
async def test_nobody_knows_how_a_contact_is_before_its_board_was_reached(
    settings: type[DriverSettings], context: DriverContext
):
    relay = an_example(settings).build(context)
    assert relay.on is None
    await relay.start()
    await asyncio.sleep(0.05)
    assert relay.on is None
    await relay.stop()
    await relay.stop()
    assert relay.on is None


@pytest.mark.parametrize("settings", of(contract.Relay))
async def test_a_relay_that_was_never_started_takes_no_order_and_can_be_stopped(
    settings: type[DriverSettings], context: DriverContext
):
    relay = an_example(settings).build(context)
    with pytest.raises(DriverError) as refused:
        await relay.switch(True)
    assert refused.value.fault in settings.faults
    await relay.stop()


@pytest.mark.parametrize("settings", of(contract.DigitalInput))
async def test_an_input_out_of_reach_is_unknown(settings: type[DriverSettings], context: DriverContext):
    loop = an_example(settings).build(context)
    await loop.start()
    assert loop.level is None
    await loop.stop()


@pytest.mark.parametrize("settings", of(contract.SpotSensor))
async def test_a_spot_whose_sensor_is_out_of_reach_is_unknown(settings: type[DriverSettings], context: DriverContext):
    sensor = an_example(settings).build(context)
    await sensor.start()
    assert sensor.occupied is None
    await sensor.stop()


@pytest.mark.parametrize("settings", of(contract.VehicleClassifier))
async def test_a_classifier_out_of_reach_knows_no_vehicle(settings: type[DriverSettings], context: DriverContext):
    classifier = an_example(settings).build(context)
    await classifier.start()
    assert classifier.vehicle_type is None
    await classifier.stop()


@pytest.mark.parametrize("settings", of(contract.Sign))
async def test_a_sign_out_of_reach_says_so_with_a_declared_fault(
    settings: type[DriverSettings], context: DriverContext
):
    sign = an_example(settings).build(context)
    await sign.start()
    with pytest.raises(DriverError) as refused:
        await sign.show(["Welcome", "3 free"])
    assert refused.value.fault in settings.faults
    await sign.stop()


@pytest.mark.parametrize("settings", of(contract.TicketPrinter))
async def test_a_printer_out_of_reach_prints_nothing_and_says_so_with_a_declared_fault(
    settings: type[DriverSettings], context: DriverContext
):
    printer = an_example(settings).build(context)
    await printer.start()
    async with asyncio.timeout(5):
        with pytest.raises(DriverError) as refused:
            await printer.print_ticket(contract.PrintedTicket("North", "K7M2-9XQ4", "K7M29XQ4", "08:12"))
        with pytest.raises(DriverError) as nothing_later:
            await printer.print_receipt(contract.PrintedReceipt(lambda width: ["Receipt 1"]))
    assert {refused.value.fault, nothing_later.value.fault} <= set(settings.faults)
    await printer.stop()


@pytest.mark.parametrize("settings", [*of(contract.CodeScanner), *of(contract.CardReader)])
async def test_a_reader_out_of_reach_hears_nothing_and_is_a_declared_fault(
    settings: type[DriverSettings], context: DriverContext, faults: Notebook
):
    reader = an_example(settings).build(context)
    heard: list[str] = []
    (reader.on_code if settings.contract is contract.CodeScanner else reader.on_card)(heard.append)
    await reader.stop()
    await reader.start()
    await eventually(lambda: bool(faults.on))
    await reader.stop()
    assert heard == []
    assert set(faults.on) <= {fault.code for fault in settings.faults}


@pytest.mark.parametrize("settings", [each for each in alone(contract.PaymentTerminal) if each.simulated])
async def test_a_payment_asked_for_twice_is_taken_once(settings: type[DriverSettings], context: DriverContext):
    terminal = an_example(settings).build(context)
    first = await terminal.charge(PaymentId("payment-1"), Minor(250), "EUR")
    again = await terminal.charge(PaymentId("payment-1"), Minor(250), "EUR")
    assert first.outcome is ChargeOutcome.TAKEN
    assert first.reference
    assert again == first
    assert (await terminal.charge(PaymentId("payment-2"), Minor(250), "EUR")).reference != first.reference


@pytest.mark.parametrize("settings", alone(contract.CameraSettings))
def test_a_recording_is_played_once_frame_by_frame(settings: type[DriverSettings], tmp_path: Path):
    written = {**EXAMPLES["CameraSettings", driver_name(settings)], "source": a_recording(tmp_path)}
    camera: Any = settings.model_validate(written)
    frames = camera.open()
    shown = [frame.shape for _ in range(FRAMES) if (frame := frames.read()) is not None]
    assert shown == [(48, 64, 3)] * FRAMES
    assert frames.read() is None
    frames.close()


@pytest.mark.parametrize("settings", alone(contract.CameraSettings))
def test_a_camera_that_is_not_there_is_an_os_error(settings: type[DriverSettings], tmp_path: Path):
    camera: Any = settings.model_validate({"source": str(tmp_path / "none.avi")})
    with pytest.raises(OSError, match=r"none\.avi"):
        camera.open()
