"""The operators' page: lots, lanes and live counts in a browser, pushed as they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from cloud.service import Cloud


def mount(app: FastAPI, cloud: Cloud) -> None:
    """Puts the page at /console, behind its sign-in, and leads / there. Call it once, after all other routes."""
    # The page's framework takes a second to import: only a process that serves pages pays for it.
    from cloud.console.mounting import mounted

    mounted(app, cloud)
