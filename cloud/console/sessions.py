"""Who is signed in: a sealed cookie that names an API key, and one-time links that stand in for typing the key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from models.instants import HOUR, SECOND, Instant

LINK_LIFETIME = 600 * SECOND
LINKS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `key` is the id of the API key: what it may do is asked of the database each time."""

    id: str
    key: str
    ends: Instant


class Sessions:
    """Seals and reads the cookie, which any process with the same secret can read.

    A session that was signed out is remembered by the process that ended it until it would have ended by itself.
    """

    def __init__(self, secret: str, hours: int) -> None:
        self._secret, self._lifetime = secret.encode(), hours * HOUR
        self._ended: dict[str, Instant] = {}

    def begin(self, key: str, now: Instant) -> tuple[Session, str]:
        """A new session and its cookie."""
        session = Session(secrets.token_urlsafe(16), key, Instant(now + self._lifetime))
        text = json.dumps([session.id, session.key, session.ends], separators=(",", ":"))
        payload = base64.urlsafe_b64encode(text.encode()).decode()
        return session, f"{payload}.{self._mark(payload)}"

    def read(self, cookie: str, now: Instant) -> Session | None:
        """None for a cookie that isn't ours, has run out, or was signed out."""
        payload, _, mark = cookie.partition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(payload).encode()):
            return None
        session = Session(*json.loads(base64.urlsafe_b64decode(payload)))
        return session if now < session.ends and not self.ended(session) else None

    def ended(self, session: Session) -> bool:
        """Whether it was signed out here."""
        return session.id in self._ended

    def end(self, session: Session, now: Instant) -> None:
        self._ended = {id: ends for id, ends in self._ended.items() if ends > now}
        self._ended[session.id] = session.ends

    def _mark(self, payload: str) -> str:
        return hmac.new(self._secret, f"console:{payload}".encode(), hashlib.sha256).hexdigest()


class Links:
    """One-time sign-in codes, each for the key that asked for it: kept hashed, in this process, for ten minutes."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, Instant]] = {}

    def mint(self, key: str, now: Instant) -> str:
        self._codes = {code: kept for code, kept in self._codes.items() if kept[1] > now}
        while len(self._codes) >= LINKS_KEPT:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[_hash(code)] = (key, Instant(now + LINK_LIFETIME))
        return code

    def redeem(self, code: str, now: Instant) -> str | None:
        """The id of the key behind the code; None for one that is unknown, used or too old."""
        key, ends = self._codes.pop(_hash(code), ("", Instant(0)))
        return key if now < ends else None


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
