"""What the parts of the operators' page share, put together once for an application."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from cloud.console.attempts import Attempts
from cloud.console.board import Boards
from cloud.console.sessions import Links, Session, Sessions
from cloud.console.settings import ConsoleSettings
from cloud.service import Cloud
from models.instants import Instant

COOKIE = "parkgate_console"


class Console:
    def __init__(self, cloud: Cloud, own: ConsoleSettings) -> None:
        self.settings, self.own = cloud.settings, own
        self.engine, self.live, self.clock = cloud.engine, cloud.live, cloud.clock
        self.sessions = Sessions(own.secret.get_secret_value(), own.session_hours)
        self.links, self.attempts = Links(), Attempts()
        self.boards = Boards(cloud.engine, cloud.live, cloud.clock, cloud.settings.silent_after)

    def now(self) -> Instant:
        return self.clock.read().wall

    def session(self, connection: HTTPConnection) -> Session | None:
        """Whoever the request's cookie names, if it holds."""
        cookie = connection.cookies.get(COOKIE)
        return None if cookie is None else self.sessions.read(cookie, self.now())
