"""Far ends that behave on MQTT as the shops' products do, and misbehave on demand."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.drivers.conftest import PASSWORD, USER

PREFIX = "gate/board"


class Product:
    """One relay and one input. `orders` is what it was told ("on", "off"), in the order of arrival.

    `deaf`: hears nothing. `stuck`: answers as ever, but its contact doesn't move.
    """

    listens_to: tuple[str, ...] = ()
    will: tuple[str, str] | None = None
    birth: tuple[str, str] | None = None
    times_pulses = False
    settings: dict[str, Any]

    def __init__(self, port: int) -> None:
        self.on = False
        self.deaf = self.stuck = False
        self.input = False
        self.orders: list[str] = []
        self.asked = 0
        self.retained = 0
        self.moved: list[tuple[bool, float]] = []
        self._timer: threading.Timer | None = None
        self._port = port
        self.client = self._connect()

    def _connect(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set(USER, PASSWORD)
        if self.will is not None:
            client.will_set(*self.will, qos=1, retain=True)
        ready = threading.Event()
        client.on_message = lambda _c, _u, message: self._hear(message)
        as_published = SubscribeOptions(qos=1, retainAsPublished=True)
        client.on_connect = lambda *_: client.subscribe([(topic, as_published) for topic in self.listens_to])

        def subscribed(*_: Any) -> None:
            if self.birth is not None:
                client.publish(*self.birth, qos=1, retain=True)
            ready.set()

        client.on_subscribe = subscribed
        client.reconnect_delay_set(0.05, 0.05)  # pyright: ignore[reportArgumentType]
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        assert ready.wait(5)
        return client

    def vanish(self) -> None:
        """Without a farewell: the broker speaks its last will."""
        self.client.on_disconnect = None
        sock = self.client.socket()
        assert sock is not None
        self.client.loop_stop()
        sock.close()

    def come_back(self) -> None:
        self.client = self._connect()

    def leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        self.client.publish(topic, payload if isinstance(payload, str) else json.dumps(payload), qos=1, retain=retain)

    def _hear(self, message: paho.MQTTMessage) -> None:
        self.retained += message.retain
        if not self.deaf:
            self.heard(message.topic, message.payload.decode())

    def heard(self, topic: str, payload: str) -> None:
        raise AssertionError(f"{topic} {payload}")

    def moves(self, on: bool, seconds: float | None = None) -> None:
        """The contact, and what is said of it. With `seconds`, back again after them."""
        if self._timer is not None:
            self._timer.cancel()
        if not self.stuck:
            if on is not self.on:
                self.moved.append((on, time.monotonic()))
            self.on = on
        self.say_state()
        if seconds is not None and on:
            self._timer = threading.Timer(seconds, self.moves, (False,))
            self._timer.start()

    def ordered(self, on: bool, seconds: float | None = None) -> None:
        self.orders.append("on" if on else "off")
        self.moves(on, seconds)

    def say_state(self, *, retain: bool = False) -> None: ...

    def say_input(self, *, retain: bool = False) -> None: ...

    def say_nonsense(self) -> None: ...

    @property
    def closings(self) -> int:
        return self.orders.count("on")


class Switch(Product):
    """As Home Assistant's MQTT switch; asked by an empty message."""

    listens_to = (f"{PREFIX}/set", f"{PREFIX}/poll")
    will, birth = (f"{PREFIX}/available", "offline"), (f"{PREFIX}/available", "online")
    driver = "mqtt"
    relay_settings: dict[str, Any] = {  # noqa: RUF012
        "command_topic": f"{PREFIX}/set",
        "state_topic": f"{PREFIX}/state",
        "poll_topic": f"{PREFIX}/poll",
        "availability_topic": f"{PREFIX}/available",
    }
    input_settings: dict[str, Any] = {  # noqa: RUF012
        "topic": f"{PREFIX}/input",
        "poll_topic": f"{PREFIX}/poll",
        "availability_topic": f"{PREFIX}/available",
    }

    def heard(self, topic: str, payload: str) -> None:
        if topic.endswith("/poll"):
            self.asked += 1
            self.say_state()
            self.say_input()
        elif payload in ("ON", "OFF"):
            self.ordered(payload == "ON")
        else:
            self.ordered(True, json.loads(payload)["for"] / 1000)

    def say_state(self, *, retain: bool = False) -> None:
        self.say(f"{PREFIX}/state", "ON" if self.on else "OFF", retain=retain)

    def say_input(self, *, retain: bool = False) -> None:
        self.say(f"{PREFIX}/input", "ON" if self.input else "OFF", retain=retain)

    def say_nonsense(self) -> None:
        self.say(f"{PREFIX}/state", "perhaps")
        self.say(f"{PREFIX}/input", "perhaps")


class Esphome(Product):
    """Says a state only when it changes, and can't be asked. It retains what it says."""

    listens_to = (f"{PREFIX}/switch/arm/command",)
    will, birth = (f"{PREFIX}/status", "offline"), (f"{PREFIX}/status", "online")
    driver = "esphome_mqtt"
    relay_settings: dict[str, Any] = {"prefix": PREFIX, "object_id": "arm"}  # noqa: RUF012
    input_settings: dict[str, Any] = {"prefix": PREFIX, "object_id": "loop"}  # noqa: RUF012

    def __init__(self, port: int) -> None:
        self._told: bool | None = None
        super().__init__(port)

    def heard(self, topic: str, payload: str) -> None:
        self.ordered(payload == "ON")

    def say_state(self, *, retain: bool = True) -> None:
        if self.on is not self._told:
            self._told = self.on
            self.say(f"{PREFIX}/switch/arm/state", "ON" if self.on else "OFF", retain=retain)

    def say_input(self, *, retain: bool = True) -> None:
        self.say(f"{PREFIX}/binary_sensor/loop/state", "ON" if self.input else "OFF", retain=retain)

    def say_nonsense(self) -> None:
        self.say(f"{PREFIX}/switch/arm/state", "MAYBE")
        self.say(f"{PREFIX}/binary_sensor/loop/state", "MAYBE")


class FirstShelly(Product):
    listens_to = (f"{PREFIX}/relay/0/command", f"{PREFIX}/command")
    will, birth = (f"{PREFIX}/online", "false"), (f"{PREFIX}/online", "true")
    driver = "shelly_mqtt"
    relay_settings: dict[str, Any] = {"prefix": PREFIX, "generation": 1}  # noqa: RUF012
    input_settings = relay_settings

    def heard(self, topic: str, payload: str) -> None:
        if payload == "update":
            self.asked += 1
            self.say_state()
            self.say_input()
        else:
            self.ordered(payload == "on")

    def say_state(self, *, retain: bool = False) -> None:
        self.say(f"{PREFIX}/relay/0", "on" if self.on else "off", retain=retain)

    def say_input(self, *, retain: bool = False) -> None:
        self.say(f"{PREFIX}/input/0", "1" if self.input else "0", retain=retain)

    def say_nonsense(self) -> None:
        self.say(f"{PREFIX}/relay/0", "overpower")
        self.say(f"{PREFIX}/input/0", "2")


class Shelly(Product):
    """From the second generation on: asked and told by RPC. `notifies`: as its MQTT settings are when it is new."""

    listens_to = (f"{PREFIX}/rpc",)
    will, birth = (f"{PREFIX}/online", "false"), (f"{PREFIX}/online", "true")
    driver = "shelly_mqtt"
    times_pulses = True
    relay_settings: dict[str, Any] = {"prefix": PREFIX}  # noqa: RUF012
    input_settings = relay_settings

    def __init__(self, port: int) -> None:
        self.notifies = True
        self.refuses: str | None = None
        self.timers: list[float | None] = []
        super().__init__(port)

    def heard(self, topic: str, payload: str) -> None:
        asked = json.loads(payload)
        assert asked["params"]["id"] == 0
        match asked["method"]:
            case "Switch.Set" if asked["params"]["on"] and self.refuses:
                self._answer(asked, error={"code": -103, "message": self.refuses})
                return
            case "Switch.Set":
                was_on = self.on
                self.timers.append(asked["params"].get("toggle_after"))
                self.ordered(asked["params"]["on"], asked["params"].get("toggle_after"))
                self._answer(asked, result={"was_on": was_on})
            case "Switch.GetStatus":
                self.asked += 1
                self._answer(asked, result={"id": 0, "source": "init", "output": self.on, "temperature": {"tC": 41.2}})
            case "Input.GetStatus":
                self.asked += 1
                self._answer(asked, result={"id": 0, "state": self.input})
            case other:
                raise AssertionError(other)

    def _answer(self, asked: Any, **what: Any) -> None:
        self.say(f"{asked['src']}/rpc", {"id": asked["id"], "src": "shellyplus1-1", "dst": asked["src"], **what})

    def _notify(self, changed: Any, retain: bool) -> None:
        if self.notifies:
            told = {"src": "shellyplus1-1", "dst": f"{PREFIX}/events", "method": "NotifyStatus"}
            self.say(f"{PREFIX}/events/rpc", {**told, "params": {"ts": 1.5, **changed}}, retain=retain)

    def say_state(self, *, retain: bool = False) -> None:
        self._notify({"switch:0": {"id": 0, "output": self.on, "source": "MQTT"}}, retain)

    def say_input(self, *, retain: bool = False) -> None:
        self._notify({"input:0": {"id": 0, "state": self.input}}, retain)

    def say_nonsense(self) -> None:
        self.say(f"{PREFIX}/events/rpc", '{"method": "NotifySta')


class Tasmota(Product):
    """Keeps PulseTime, and obeys it at every closing."""

    listens_to = ("cmnd/gate/#",)
    will, birth = ("tele/gate/LWT", "Offline"), ("tele/gate/LWT", "Online")
    driver = "tasmota_mqtt"
    times_pulses = True
    relay_settings: dict[str, Any] = {"topic": "gate"}  # noqa: RUF012
    input_settings = relay_settings

    def __init__(self, port: int) -> None:
        self.pulse_time = 0
        self.forgets_pulse_time = False
        super().__init__(port)

    def heard(self, topic: str, payload: str) -> None:
        match topic.rpartition("/")[2], payload:
            case "PulseTime1", set_to:
                self.pulse_time = self.pulse_time if self.forgets_pulse_time else int(set_to)
                self.say("stat/gate/RESULT", {"PulseTime1": {"Set": self.pulse_time, "Remaining": 0}})
            case "POWER1", "ON" | "OFF":
                self.ordered(payload == "ON", self.pulse_time / 10 if self.pulse_time else None)
            case "STATUS", "11":
                self.asked += 1
                self.say("stat/gate/STATUS11", {"StatusSTS": {"Time": "2026-11-20T08:12:00", "POWER": self._word}})
            case "STATUS", "10":
                self.asked += 1
                switch = "ON" if self.input else "OFF"
                self.say("stat/gate/STATUS10", {"StatusSNS": {"Time": "2026-11-20T08:12:00", "Switch1": switch}})
            case other:
                raise AssertionError(other)

    @property
    def _word(self) -> str:
        return "ON" if self.on else "OFF"

    def say_state(self, *, retain: bool = False) -> None:
        self.say("stat/gate/RESULT", {"POWER": self._word}, retain=retain)
        self.say("stat/gate/POWER", self._word, retain=retain)

    def say_input(self, *, retain: bool = False) -> None:
        action = "ON" if self.input else "OFF"
        self.say("stat/gate/RESULT", {"Switch1": {"Action": action}}, retain=retain)

    def say_nonsense(self) -> None:
        self.say("stat/gate/RESULT", "{")


PRODUCTS: tuple[type[Product], ...] = (Switch, Esphome, FirstShelly, Shelly, Tasmota)
