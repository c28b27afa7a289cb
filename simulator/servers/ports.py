"""TCP ports of this machine's loopback for servers that come and go."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"

# Below the range that Linux gives to outgoing connections (32768 and up): a client that keeps dialling a
# stopped server's port from inside that range can be given the very port, and then the server never gets it back.
_RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port of the loopback that nobody listens on now. Raises OSError when a hundred draws are all taken."""
    for port in random.sample(_RANGE, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port among a hundred drawn from {_RANGE.start} to {_RANGE.stop - 1}")


def answers(port: int) -> bool:
    """Whether somebody accepts connections on that port of the loopback."""
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False
