"""Tells whether a host's name means this very machine, where a simulation's far end may live."""

from __future__ import annotations

import ipaddress


def is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
