"""Speaking MQTT 5 in tests: clients that wait for the broker's own answers."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

USERS = {"parkgate": "a-password-for-tests", "lot": "another-password"}
"""Who may connect to the brokers of the test run, with their passwords."""

_ANSWER_SECONDS = 10


class Talker:
    """An MQTT 5 client for tests. Each call returns when the broker has answered."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self._heard: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
        self._answers: queue.Queue[str] = queue.Queue()
        client.on_connect = lambda _c, _u, _f, code, _p: self._answers.put(str(code))
        client.on_disconnect = lambda _c, _u, _f, _code, _p: self._answers.put("hung up")
        client.on_subscribe = lambda _c, _u, _m, codes, _p: self._answers.put(str(codes[0]))
        client.on_publish = lambda _c, _u, _m, code, _p: self._answers.put(str(code))
        client.on_message = lambda _c, _u, message: self._heard.put(message)

    def connect(self, port: int, *, session_seconds: int = 0) -> str:
        """The broker's reason: "Success" for a welcome, "hung up" when it closes the connection without a word."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = session_seconds
        self._client.connect("127.0.0.1", port, keepalive=5, clean_start=session_seconds == 0, properties=properties)
        self._client.loop_start()
        return self._answers.get(timeout=_ANSWER_SECONDS)

    def subscribe(self, topic: str, qos: int = 1) -> str:
        self._client.subscribe(topic, qos=qos)
        return self._answers.get(timeout=_ANSWER_SECONDS)

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> str:
        """The broker's reason in its acknowledgement."""
        self._client.publish(topic, payload, qos=qos, retain=retain)
        return self._answers.get(timeout=_ANSWER_SECONDS)

    def hear(self, seconds: float = _ANSWER_SECONDS) -> mqtt.MQTTMessage:
        """The next message. Raises queue.Empty after ten seconds of silence, or so many."""
        return self._heard.get(timeout=seconds)

    def hears_nothing(self, seconds: float = 0.3) -> bool:
        try:
            self._heard.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def vanish(self) -> None:
        """The connection breaks without a farewell, so that the broker publishes the will."""
        sock = self._client.socket()
        assert sock is not None
        self._client.loop_stop()
        sock.close()

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def talker(
    port: int,
    user: str = "parkgate",
    *,
    client_id: str = "",
    will: tuple[str, str] | None = None,
    session_seconds: int = 0,
) -> Iterator[Talker]:
    """A connected client, disconnected afterwards. `will` is a topic and a text."""
    made = unconnected(user, USERS[user], client_id=client_id, will=will)
    answer = made.connect(port, session_seconds=session_seconds)
    assert answer == "Success", answer
    try:
        yield made
    finally:
        made.leave()


def unconnected(
    user: str,
    password: str,
    *,
    client_id: str = "",
    will: tuple[str, str] | None = None,
    authority: Path | None = None,
) -> Talker:
    """With `authority` it speaks TLS, to a broker whose certificate that one signed."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    client.username_pw_set(user, password)
    if authority is not None:
        client.tls_set(ca_certs=str(authority))
    if will is not None:
        client.will_set(will[0], will[1], qos=1)
    return Talker(client)
