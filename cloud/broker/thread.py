"""Serves a paho client from a thread of its own, in a process that may have any number of descriptors open."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1, 15
_LOOK_EVERY_MS = 1_000
"""How often paho looks at the keep-alive of a connection on which nothing happens."""
_STOP_SECONDS = 2


class BrokerThread:
    """Connects, serves, and connects again for ever, in place of paho's `loop_start` and `loop_stop`.

    paho waits with `select`, which knows no descriptor from 1,024 on and is then taken for a lost connection: with a
    thousand browsers at this process, its next connection to the broker would open and never say a word. This waits
    with `poll`, by what paho documents for loops of one's own.

    The client was told where to connect (`connect_async`). Its callbacks run in this thread, and so does all that
    reads, writes, opens or closes its socket; any thread may publish, subscribe and acknowledge.
    """

    def __init__(self, client: mqtt.Client, unreachable: Callable[[str], None] = lambda reason: None) -> None:
        """`unreachable` is told, in this thread, why an attempt came to nothing."""
        self._client, self._unreachable = client, unreachable
        self._stopping = threading.Event()
        # Kept over all connections: where descriptors have run out, it still waits, and connects when there are some.
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        # With this set, paho never writes in the thread of whoever publishes.
        client.on_socket_register_write = self._packets_wait
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Begins to connect, and returns at once whether the broker is there or not."""
        self._thread.start()

    def stop(self) -> None:
        """Takes leave of the broker. An attempt to connect that hangs isn't waited for: it ends by itself."""
        self._stopping.set()
        self._wake()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        with self._woken, self._waker:
            pause = FIRST_PAUSE_SECONDS
            while not self._stopping.is_set():
                if self._connect() and self._serve():
                    pause = FIRST_PAUSE_SECONDS
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            self._take_leave()

    def _connect(self) -> bool:
        try:
            self._client.reconnect()
        except OSError as away:
            self._unreachable(_why(away))
            return False
        return True

    def _serve(self) -> bool:
        """Until the connection is lost, or has to end. Whether the broker had let us in."""
        let_in = False
        while (connection := self._client.socket()) is not None and not self._stopping.is_set():
            self._wait(connection)
            # All three each time: each costs little where there is nothing to do. Only `loop_write` makes paho call
            # `_packets_wait` again, and it comes before `_wait` asks whether there is something to write; so what
            # another thread publishes in between is seen here or wakes us.
            self._client.loop_read()
            self._client.loop_write()
            self._client.loop_misc()
            let_in = let_in or self._client.is_connected()
        return let_in

    def _wait(self, connection: Any) -> None:
        """Until there is something to read or write, at most until paho has to look at the clock."""
        waiting = select.poll()
        waiting.register(self._woken, select.POLLIN)
        waiting.register(connection, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        # What TLS has already taken off the socket and deciphered, the kernel doesn't tell of.
        deciphered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        ready = waiting.poll(0 if deciphered else _LOOK_EVERY_MS)
        if any(descriptor == self._woken.fileno() for descriptor, _ in ready):
            self._woken.recv(4096)

    def _take_leave(self) -> None:
        """Sends what waits and the farewell, for as long as the broker takes it; else the connection just ends."""
        self._client.disconnect()
        while (connection := self._client.socket()) is not None:
            writable = select.poll()
            writable.register(connection, select.POLLOUT)
            if not writable.poll(_LOOK_EVERY_MS):
                connection.close()
                return
            self._client.loop_write()

    def _packets_wait(self, _client: mqtt.Client, _data: Any, _connection: Any) -> None:
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # full: it is being woken; closed: it has ended
            self._waker.send(b"\0")


def _why(away: OSError) -> str:
    """A certificate's problem is one of a setting; the words of OpenSSL don't say so."""
    if isinstance(away, ssl.SSLCertVerificationError):
        return (
            f"{away.verify_message}: PARKGATE_MQTT_CA_FILE names the authority to trust, the file authority.crt in the"
            " broker's folder, and PARKGATE_MQTT_HOST a name that the broker's certificate is for"
        )
    return str(away)
