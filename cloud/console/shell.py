"""What both pages share: their elements, the header's words, and the watch over the session of an open page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nicegui import Client, ui
from nicegui.element import Element
from starlette.requests import Request

from cloud.console.console import Console
from cloud.console.guard import PATH
from cloud.console.operators import Operator
from cloud.console.sessions import Session

BROWSER = Path(__file__).parent / "browser"
_STYLE = f"{PATH}/assets/console.css?v={sha256((BROWSER / 'console.css').read_bytes()).hexdigest()[:12]}"


class Page(Element, esm={"parkgate-parts": "browser/parts"}):
    """What is drawn by a component of ours in the browser. Its method `news` takes what changed."""


class Overview(Page, component="browser/overview.js"):
    """All lots."""

    def __init__(self, shell: dict[str, Any], lots: list[dict[str, Any]], totals: dict[str, Any]) -> None:
        super().__init__()
        self._props.update(shell=shell, lots=lots, totals=totals)


class OneLot(Page, component="browser/lot.js"):
    """One lot by sections, or no sections where there is no such lot."""

    def __init__(self, shell: dict[str, Any], lot: dict[str, Any]) -> None:
        super().__init__()
        self._props.update(shell=shell, lot=lot)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened a page, and the page."""

    console: Console
    operator: Operator
    session: Session
    client: Client

    @classmethod
    def of(cls, request: Request) -> Visitor:
        state = request.state
        return cls(state.console, state.operator, state.session, ui.context.client)

    def may_stay(self, scopes: Mapping[str, frozenset[str]]) -> bool:
        """Sends the page away when its session has ended or its key was revoked or limited meanwhile."""
        alive = self.session.ends > self.console.now() and not self.console.sessions.ended(self.session)
        if alive and scopes.get(self.operator.key) == self.operator.scopes:
            return True
        self.client.open("/")  # below where we are mounted
        return False

    def shell(self, current: bool) -> dict[str, Any]:
        """The header's words. `now` lets the browser show ages by our clock."""
        return {
            "tenant": self.operator.tenant_name,
            "key": self.operator.key_name,
            "plates": self.operator.may("plates"),
            "now": self.console.now() // 1000,
            "silentAfter": self.console.settings.silent_after * 1000,
            "current": current,
            "home": f"{PATH}/",
            "lots": f"{PATH}/lots/",
            "session": f"{PATH}/session",
            "signOut": f"{PATH}/sign-out",
        }


def styled() -> None:
    ui.add_head_html(f'<link rel="stylesheet" href="{_STYLE}">')
