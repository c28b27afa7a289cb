"""Logs in at a broker once, as the lot would, and says in plain words why it can't. Blocking."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from drivers.broker import BrokerSettings, NoPassword
from edge.doctor.reach import WITHIN_SECONDS, NoWay, connected
from models.instants import SECOND, Clock

_ANSWER_SECONDS = 4.0
_LOOK_SECONDS = 0.1


@dataclass
class _Heard:
    """What the broker has answered so far."""

    welcome: Any = None
    topics: list[Any] | None = None
    hung_up: bool = False
    topics_asked: Sequence[str] = field(default_factory=tuple)


def log_in(broker: BrokerSettings, clock: Clock, *, speaks_5: bool = True, topics: Sequence[str] = ()) -> float:
    """Log in, ask for the topics, say goodbye. How long that took, in milliseconds. Raises NoWay."""
    password = _password(broker)
    context = _authority(broker, clock)
    begun = clock.monotonic()
    _try_the_line(broker, context)
    _talk(broker, password, context, clock, speaks_5, topics)
    return (clock.monotonic() - begun) * 1000 / SECOND


def _password(broker: BrokerSettings) -> str | None:
    try:
        return broker.password()
    except NoPassword as error:
        raise NoWay(str(error), "password_env or password_file of this broker, see the check `passwords`") from error


def _authority(broker: BrokerSettings, clock: Clock) -> ssl.SSLContext | None:
    try:
        return broker.tls_context(clock)
    except OSError as error:
        raise NoWay(f"the authority's file can't be used: {error}", "tls: ca: of this broker") from error


def _try_the_line(broker: BrokerSettings, context: ssl.SSLContext | None) -> None:
    """By hand, because paho keeps to itself why a connection failed."""
    with connected(broker.host, broker.port) as line:
        if context is None:
            return
        try:
            context.wrap_socket(line, server_hostname=broker.host).close()
        except ssl.SSLCertVerificationError as error:
            raise NoWay(
                f"{broker.address} shows a certificate that isn't believed: {error.verify_message}",
                "`tls: ca:` has to be the authority that signed it and `host` the name in it; is the clock right?",
            ) from error
        except OSError as error:  # ssl.SSLError is one
            raise NoWay(
                f"{broker.address} doesn't speak TLS: {error.strerror or error}",
                "The port: 8883 as a rule with TLS, 1883 without",
            ) from error


def _talk(
    broker: BrokerSettings,
    password: str | None,
    context: ssl.SSLContext | None,
    clock: Clock,
    speaks_5: bool,
    topics: Sequence[str],
) -> None:
    heard = _Heard(topics_asked=topics)
    client = _client(heard, speaks_5)
    client.username_pw_set(broker.username, password)
    if context is not None:
        client.tls_set_context(context)  # pyright: ignore[reportUnknownMemberType]
    try:
        client.connect(broker.host, broker.port, round(broker.keepalive))
        ends = clock.monotonic() + round(_ANSWER_SECONDS * SECOND)
        while not _done(heard) and clock.monotonic() < ends:
            client.loop(_LOOK_SECONDS)
        heard = replace(heard)  # what follows is our own farewell
        client.disconnect()
        client.loop(_LOOK_SECONDS)
    except OSError as error:
        raise NoWay(f"{broker.address}: {error.strerror or error}", "The network; the broker's log") from error
    _judge(broker, heard)


def _client(heard: _Heard, speaks_5: bool) -> paho.Client:
    """With a name of its own: one with the daemon's name would throw the daemon out."""
    version = paho.MQTTv5 if speaks_5 else paho.MQTTv311
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="", protocol=version)
    client.connect_timeout = WITHIN_SECONDS

    def welcomed(client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        heard.welcome = reason
        if not reason.is_failure and heard.topics_asked:
            client.subscribe([(topic, 1) for topic in heard.topics_asked])

    def granted(_client: Any, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        heard.topics = reasons

    def gone(_client: Any, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        heard.hung_up = True

    client.on_connect, client.on_subscribe, client.on_disconnect = welcomed, granted, gone
    return client


def _done(heard: _Heard) -> bool:
    if heard.hung_up or (heard.welcome is not None and heard.welcome.is_failure):
        return True
    return heard.welcome is not None and (not heard.topics_asked or heard.topics is not None)


def _judge(broker: BrokerSettings, heard: _Heard) -> None:
    who = f"as {broker.username}" if broker.username is not None else "without a name"
    if heard.welcome is None:
        why = "hangs up at the login" if heard.hung_up else "doesn't answer the login"
        raise NoWay(f"{broker.address} {why} {who}", "Is this an MQTT broker (MQTT 5)? Username, password; its log")
    if heard.welcome.is_failure:
        raise NoWay(
            f"{broker.address} refuses the login {who}: {heard.welcome}",
            "Username and password of the lot at this broker",
        )
    if heard.topics_asked and heard.topics is None:
        raise NoWay(f"{broker.address} doesn't say whether the lot may listen", "The broker's log")
    refused = [
        topic for topic, reason in zip(heard.topics_asked, heard.topics or [], strict=False) if reason.is_failure
    ]
    if refused:
        raise NoWay(
            f"{broker.address} doesn't let {broker.username or 'the lot'} listen to {', '.join(refused)}",
            "The broker's access rules (ACL) for this user",
        )
