"""The web application of one cloud process: API, event stream, health, and the operators' page when it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from cloud import console
from cloud.api import books, commands, errors, events, health, lists, lots, permits, reference, reservations
from cloud.api.access import KeyRing
from cloud.service import Cloud
from cloud.settings import CloudSettings
from models.instants import Clock

_ABOUT = """
What an operator's software may ask Parkgate's cloud: which lots there are, how full they are, the tickets in them,
who may come in, and what the lots' books say.

Each lot decides by itself and works without the cloud; what you read here is what the lot has told so far.
`online`, `last_contact` and `backlog` of a lot say how fresh that is.

**Keys.** Send `Authorization: Bearer pk_...`. A key belongs to one operator and sees that operator's lots only. Its
scopes: `read`; `plates` to see licence plates, which are masked otherwise; `operate` to give commands, to book and
to set permits and lists; `metrics`; `admin`, which includes all.

**Times** are RFC 3339 in UTC. **Money** is an integer of the currency's smallest unit, with its ISO 4217 code.

**Errors** have one shape: `{"error": {"code": "lot_not_found", "message": "...", "hint": "..."}}`. Codes are stable.
"""

_TAGS = [
    {"name": "lots", "description": "The lots, and how full they are."},
    {"name": "tickets", "description": "Stays, from entry to exit."},
    {"name": "reservations", "description": "Places that are kept for somebody for a time, and sold once."},
    {"name": "permits and lists", "description": "Who may come in, how many at a time, and who may not."},
    {"name": "money", "description": "The lots' books and what is owed, read only: each lot keeps its own."},
    {"name": "commands", "description": "Telling a lot what to do: at most once, signed, and on record on both sides."},
    {"name": "events", "description": "Changes, as they happen."},
    {"name": "running it", "description": "For those who run the cloud."},
]


def create_app(settings: CloudSettings, clock: Clock | None = None) -> FastAPI:
    """The application with all its parts; they run while its lifespan does. `app.state.cloud` is the `Cloud`."""
    cloud = Cloud.of(settings, clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with cloud.running():
            yield

    app = FastAPI(
        title="Parkgate",
        version=version("parkgate"),
        description=_ABOUT,
        openapi_tags=_TAGS,
        lifespan=lifespan,
        # The framework's own pages load their scripts from elsewhere; `reference` needs nothing.
        docs_url=None,
        redoc_url=None,
    )
    app.state.cloud = cloud
    app.state.keys = KeyRing(cloud)
    errors.install(app)
    for part in (lots, reservations, permits, lists, books, commands, events, health, reference):
        app.include_router(part.router)
    if settings.console:
        console.mount(app, cloud)
    return app
