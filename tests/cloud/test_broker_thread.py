"""A process of many descriptors keeps its broker; with paho's own thread it wouldn't."""

from __future__ import annotations

import itertools
import os
import queue
import resource
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.broker import thread
from cloud.broker.thread import BrokerThread
from simulator.servers import Mosquitto
from tests.brokers import USERS, talker
from tests.cloud.terminator import tls_before
from tests.house.tree import own_texts

CROWD = 1_100
SOON = 15
"""Seconds in which what works has worked, on a busy machine too."""
NEVER_MS = 600_000

Stop = Callable[[], object]
Serving = Callable[[mqtt.Client], Stop]


def with_poll(client: mqtt.Client) -> Stop:
    serving = BrokerThread(client)
    serving.start()
    return serving.stop


def with_select(client: mqtt.Client) -> Stop:
    client.loop_start()

    def stop() -> None:
        client.disconnect()
        client.loop_stop()

    return stop


def unwoken(client: mqtt.Client) -> Stop:
    """The thread without its safeguard: nobody wakes it when there is something to write."""
    serving = BrokerThread(client)
    client.on_socket_register_write = lambda *_: None
    serving.start()
    return serving.stop


class Listener:
    """A client that hears its own topic."""

    def __init__(self, port: int, authority: Path | None = None, *, will: str | None = None) -> None:
        self.topic = f"heard/{uuid4().hex}"
        self.heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.listening: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.username_pw_set("parkgate", USERS["parkgate"])
        if authority is not None:
            self.client.tls_set(ca_certs=str(authority))
        if will is not None:
            self.client.will_set(will, "it vanished", qos=1)
        self.client.on_connect = lambda *_: self.client.subscribe(self.topic, 1)
        self.client.on_subscribe = lambda *_: self.listening.put(True)
        self.client.on_message = lambda _client, _data, message: self.heard.put(message.payload)
        self.client.connect_async("127.0.0.1", port, clean_start=True)

    def listens(self, seconds: float = SOON) -> bool:
        """Whether it has connected (again) and been let listen."""
        try:
            return self.listening.get(timeout=seconds)
        except queue.Empty:
            return False

    def hears_itself(self, seconds: float = SOON) -> bool:
        """What this thread publishes, while the client waits in its own."""
        said = uuid4().bytes
        self.client.publish(self.topic, said, qos=1)
        try:
            return self.heard.get(timeout=seconds) == said
        except queue.Empty:
            return False


@contextmanager
def served(listener: Listener, by: Serving = with_poll) -> Iterator[Listener]:
    stop = by(listener.client)
    try:
        yield listener
    finally:
        stop()


@pytest.fixture
def crowd() -> Iterator[None]:
    """A thousand browsers, as far as this process's descriptors go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CROWD), hard))
    with open(os.devnull) as nothing:
        held = [os.dup(nothing.fileno()) for _ in range(CROWD)]
    yield
    for one in held:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that lets everybody in and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port where every attempt is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def nothing_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on only because a second is over doesn't go on."""
    monkeypatch.setattr(thread, "_LOOK_EVERY_MS", NEVER_MS)


@pytest.fixture
def all_in_each_others_way() -> Iterator[None]:
    """Threads take turns as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_the_broker_is_reached_and_reached_again_past_a_thousand_descriptors(
    own_mosquitto: Mosquitto, crowd: None
) -> None:
    with served(Listener(own_mosquitto.port)) as listener:
        assert listener.listens()
        connection = listener.client.socket()
        assert connection is not None
        assert connection.fileno() > CROWD
        assert listener.hears_itself()
        own_mosquitto.restart()
        assert listener.listens()
        assert listener.hears_itself()


def test_pahos_own_thread_never_says_a_word_there(mosquitto: Mosquitto, crowd: None) -> None:
    with served(Listener(mosquitto.port), with_select) as listener:
        assert not listener.listens(4)


def test_pahos_own_thread_does_without_the_crowd(mosquitto: Mosquitto) -> None:
    with served(Listener(mosquitto.port), with_select) as listener:
        assert listener.listens()


def test_no_client_of_the_cloud_leaves_it_to_paho() -> None:
    ours = [(name, text) for name, text in own_texts() if name.startswith("cloud/") and name.endswith(".py")]
    assert ours
    assert [name for name, text in ours if ".loop_start(" in text or ".loop_forever(" in text] == []


def test_whoever_publishes_wakes_the_thread(mosquitto: Mosquitto, nothing_by_the_clock: None) -> None:
    with served(Listener(mosquitto.port)) as listener:
        assert listener.listens()
        assert all(listener.hears_itself() for _ in range(20))


def test_unwoken_it_would_sleep_on(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "_LOOK_EVERY_MS", 3_000)
    with served(Listener(mosquitto.port), unwoken) as listener:
        assert listener.listens()
        assert not listener.hears_itself(1)


def test_no_word_is_left_lying_when_many_speak_at_once(
    mosquitto: Mosquitto, nothing_by_the_clock: None, all_in_each_others_way: None
) -> None:
    def speak(listener: Listener) -> bool:
        for _ in range(50):
            said = listener.client.publish(listener.topic, b"", qos=1)
            said.wait_for_publish(SOON)
            if not said.is_published():
                return False
        return True

    with served(Listener(mosquitto.port)) as listener, ThreadPoolExecutor(4) as speakers:
        assert listener.listens()
        assert all(speakers.map(speak, itertools.repeat(listener, 4)))


def test_what_the_broker_takes_slowly_goes_on_by_itself(own_mosquitto: Mosquitto, nothing_by_the_clock: None) -> None:
    with served(Listener(own_mosquitto.port)) as listener:
        assert listener.listens()
        with frozen(own_mosquitto):
            sent = [listener.client.publish("heard/by/nobody", bytes(1 << 18)) for _ in range(64)]
            sent[-1].wait_for_publish(0.5)
            assert not sent[-1].is_published()
        sent[-1].wait_for_publish(SOON)
        assert sent[-1].is_published()


def test_a_first_attempt_that_fails_is_made_again(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.stop()
    with served(Listener(own_mosquitto.port)) as listener:
        assert not listener.listens(0.5)
        own_mosquitto.start()
        assert listener.listens()


def test_pauses_double_until_the_longest(closed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(thread, "LONGEST_PAUSE_SECONDS", 0.4)
    attempts: queue.SimpleQueue[float] = queue.SimpleQueue()
    listener = Listener(closed)
    listener.client.on_pre_connect = lambda *_: attempts.put(time.monotonic())
    with served(listener):
        at = [attempts.get(timeout=SOON) for _ in range(6)]
    pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert all(took >= least for took, least in zip(pauses, (0.1, 0.2, 0.4, 0.4, 0.4), strict=True)), pauses


def test_after_a_welcome_pauses_begin_anew(own_mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "FIRST_PAUSE_SECONDS", 0.05)
    own_mosquitto.stop()
    with served(Listener(own_mosquitto.port)) as listener:
        assert not listener.listens(2)  # the seventh attempt comes after 3.15 s, the eighth 3.2 s later
        own_mosquitto.start()
        assert listener.listens()
        own_mosquitto.restart()
        assert listener.listens(2)


def test_it_takes_leave(mosquitto: Mosquitto) -> None:
    will = f"will/{uuid4().hex}"
    with talker(mosquitto.port) as other:
        other.subscribe(will)
        with served(Listener(mosquitto.port, will=will)) as listener:
            assert listener.listens()
            listener.client.publish(will, "the last word", qos=1)
        assert not listener.client.is_connected()
        assert other.hear().payload == b"the last word"
        assert other.hears_nothing()


def test_it_stops_at_once_between_two_attempts(closed: int) -> None:
    assert seconds_to_stop(with_poll(Listener(closed).client)) < 1


def test_it_stops_at_once_while_an_attempt_hangs(silent: int) -> None:
    listener = Listener(silent)
    listener.client.tls_set()
    assert seconds_to_stop(with_poll(listener.client)) < 4


def test_it_stops_at_once_when_the_broker_takes_nothing_more(own_mosquitto: Mosquitto) -> None:
    listener, before = Listener(own_mosquitto.port), set(threading.enumerate())
    stop = with_poll(listener.client)
    (serving,) = set(threading.enumerate()) - before
    assert listener.listens()
    with frozen(own_mosquitto):
        for _ in range(64):
            listener.client.publish(listener.topic, bytes(1 << 18))
        assert seconds_to_stop(stop) < 4
        serving.join(SOON)
        assert not serving.is_alive()


@contextmanager
def frozen(broker: Mosquitto) -> Iterator[None]:
    """It holds its connections, and reads nothing."""
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def seconds_to_stop(stop: Stop) -> float:
    """Of what has been under way for half a second."""
    time.sleep(0.5)
    began = time.monotonic()
    stop()
    return time.monotonic() - began


def all_heard(port: int, authority: Path, seconds: float) -> bool:
    """Of twenty messages that came in one TLS record."""
    with served(Listener(port, authority)) as listener:
        assert listener.listens()
        for _ in range(20):
            listener.client.publish(listener.topic, b"one of many")
        try:
            return all(listener.heard.get(timeout=seconds) for _ in range(20))
        except queue.Empty:
            return False


def test_what_tls_has_deciphered_already_is_read_at_once(
    mosquitto: Mosquitto, tmp_path: Path, nothing_by_the_clock: None
) -> None:
    with tls_before(mosquitto.port, tmp_path) as (port, authority):
        assert all_heard(port, authority, SOON)


def test_it_would_lie_there_if_only_the_kernel_were_asked(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_by_the_clock: None
) -> None:
    monkeypatch.setattr(ssl.SSLSocket, "pending", lambda _connection: 0)
    with tls_before(mosquitto.port, tmp_path) as (port, authority):
        assert not all_heard(port, authority, 2)
