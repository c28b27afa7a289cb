"""Facts about the daemon and its parts."""

from __future__ import annotations

from models.facts.base import Fact
from models.instants import Instant


class DaemonStarted(Fact, type="daemon.started", version=1):
    """The edge daemon came up; `release` is its package version."""

    release: str
    at: Instant


class FaultRaised(Fact, type="fault.raised", version=1):
    """A declared fault began; `source` names the part, such as `entry.camera`, and `fault` this occurrence."""

    fault: str
    code: str
    source: str
    detail: str
    at: Instant


class FaultCleared(Fact, type="fault.cleared", version=1):
    """A declared fault ended."""

    fault: str
    code: str
    source: str
    at: Instant
