"""Whether a machine in the network answers at a TCP port, and why not, in plain words. Blocking."""

from __future__ import annotations

import socket

WITHIN_SECONDS = 3.0


class NoWay(Exception):
    """Nothing answers there. `fix` says what to look at."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


def connected(host: str, port: int, seconds: float = WITHIN_SECONDS) -> socket.socket:
    """A connection, for the caller to close. Raises NoWay."""
    try:
        return socket.create_connection((host, port), timeout=seconds)
    except socket.gaierror as error:
        raise NoWay(
            f"nobody knows the name {host}",
            f"The name; this computer's name server. Better write the device's fixed address instead of {host}",
        ) from error
    except ConnectionRefusedError as error:
        raise NoWay(
            f"{host} is there, but nothing listens at port {port}",
            "The port in the configuration; whether the service runs there, and whether it lets other machines in",
        ) from error
    except TimeoutError as error:
        raise NoWay(
            f"{host} doesn't answer within {seconds:g} s",
            "Power and network cable of the device; its address; a firewall on the way",
        ) from error
    except OSError as error:
        raise NoWay(
            f"{host}: {error.strerror or error}",
            "This computer's own network: its cable, its address (`ip address`), its router",
        ) from error
