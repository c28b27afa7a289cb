"""Signs behind a real Mosquitto."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.contract import DriverContext, DriverError
from drivers.mqtt_sign import MqttSignSettings
from simulator.servers import Mosquitto
from tests.brokers import talker
from tests.drivers.conftest import Device, Notebook, eventually

SIGN, AVAILABLE = "gate/sign", "gate/sign/available"


def a_sign(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    return MqttSignSettings.model_validate({**login, "topic": SIGN, **more}).build(context)


async def connected(sign: Any) -> None:
    await eventually(lambda: sign._reached)


async def test_a_sign_shows_its_lines(login, context, device: Device, started):
    sign = await started(a_sign(login, context))
    await connected(sign)
    await sign.show(["North", "12 free"])
    await eventually(lambda: device.heard_on(SIGN) == ['{"lines": ["North", "12 free"]}'])


async def test_a_sign_of_plain_text_shows_its_lines(login, context, device: Device, started):
    sign = await started(a_sign(login, context, format="text"))
    await connected(sign)
    await sign.show(["Müllerstraße", "full"])
    await eventually(lambda: device.heard_on(SIGN) == ["Müllerstraße\nfull"])


async def test_the_newest_text_alone_is_shown_after_a_reconnection(
    login, context, own_mosquitto: Mosquitto, device: Device, faults: Notebook, started
):
    sign = await started(a_sign(login, context, format="text"))
    await connected(sign)
    await sign.show(["first"])
    await eventually(lambda: device.heard_on(SIGN) == ["first"])
    own_mosquitto.kill()
    await eventually(lambda: not sign._reached)
    for text in ("second", "third"):
        with pytest.raises(DriverError) as refused:
            await sign.show([text])
        assert refused.value.fault.code == "device.unreachable"
    own_mosquitto.start()
    await eventually(lambda: device.heard_on(SIGN) == ["first", "third"], within=20)
    assert faults.on == {}


async def test_a_sign_that_is_back_on_line_is_told_again(login, context, device: Device, faults: Notebook, started):
    sign = await started(a_sign(login, context, format="text", availability_topic=AVAILABLE))
    await connected(sign)
    device.says(AVAILABLE, "offline")
    await eventually(lambda: "device.offline" in faults.on)
    with pytest.raises(DriverError) as refused:
        await sign.show(["12 free"])
    assert refused.value.fault.code == "device.offline"
    shown = len(device.heard_on(SIGN))
    device.says(AVAILABLE, "online")
    await eventually(lambda: device.heard_on(SIGN)[shown:] == ["12 free"])
    assert faults.on == {}


@pytest.mark.parametrize("retain", [True, False])
async def test_the_broker_keeps_the_text_only_if_it_is_to(
    retain: bool, login, context, own_mosquitto: Mosquitto, device: Device, started
):
    sign = await started(a_sign(login, context, format="text", retain=retain))
    await connected(sign)
    await sign.show(["12 free"])
    await eventually(lambda: device.heard_on(SIGN) == ["12 free"])
    with talker(own_mosquitto.port) as later:
        later.subscribe(SIGN)
        if retain:
            assert later.hear().payload == b"12 free"
        else:
            assert later.hears_nothing()
