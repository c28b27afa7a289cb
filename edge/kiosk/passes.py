"""Which screen belongs to which lane: a link's token, and the cookie that the page gets for it. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

from edge.kiosk.settings import KioskSettings
from models.ids import LaneName


class UnknownHost(ValueError):
    """Nobody said by which name or address the screens reach this machine."""


def token(secret: bytes, lane: LaneName) -> str:
    """What a link to this lane's screen ends with: 256 bits, the same for as long as the secret stands."""
    return _derived(secret, "kiosk link", lane)


def is_token(secret: bytes, lane: LaneName, given: str) -> bool:
    return hmac.compare_digest(given.encode(), token(secret, lane).encode())


def sealed(secret: bytes, lane: LaneName, session: str) -> str:
    """The cookie of a session at this lane. It outlives the daemon, so that a screen comes back by itself."""
    return f"{session}.{_derived(secret, 'kiosk session', lane, session)}"


def is_sealed(secret: bytes, lane: LaneName, cookie: str) -> bool:
    session, _, _ = cookie.partition(".")
    return hmac.compare_digest(cookie.encode(), sealed(secret, lane, session).encode())


def link(settings: KioskSettings, lane: LaneName, secret: bytes) -> str:
    """What the lane's screen opens. A browser keeps what stands behind `#` to itself: it is in no log.

    Raises UnknownHost.
    """
    host = settings.reached_by
    if host is None:
        raise UnknownHost("say under kiosk.host by which name or address the screens reach this machine")
    page = f"http://{host}:{settings.port}/{lane}"
    return page if settings.on_loopback else f"{page}#{token(secret, lane)}"


def _derived(secret: bytes, *what: str) -> str:
    mark = hmac.new(secret, "\0".join(what).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")
