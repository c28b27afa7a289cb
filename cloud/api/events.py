"""The event stream: which lot has just changed."""

from __future__ import annotations

from collections.abc import AsyncIterable

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import select

from cloud.api.access import KEY_PROBLEMS, Parts, Reader, connected
from cloud.api.errors import answers
from cloud.db.schema import parking_lots
from cloud.service import Cloud

router = APIRouter(prefix="/v1")


@router.get(
    "/events",
    tags=["events"],
    summary="Changes of lots, as they happen",
    response_class=EventSourceResponse,
    responses=answers(*KEY_PROBLEMS),
)
async def events(cloud: Parts, key: Reader) -> AsyncIterable[ServerSentEvent]:
    """Server-sent events for as long as the connection stands.

    `lot` says that something of one lot has changed: `{"lot": "<id>"}`; read what you show of it again. Many
    changes in a short time may come as one event. `resync` says that changes may have been missed: read everything
    again; it also comes first of all.
    """
    mine: dict[str, bool] = {}
    with cloud.live.watch() as changes:
        yield ServerSentEvent(event="resync", data={})
        async for lot in changes:
            if lot is None:
                mine.clear()
                yield ServerSentEvent(event="resync", data={})
                continue
            if lot not in mine:
                mine[lot] = await _runs(cloud, key.tenant, lot)
            if mine[lot]:
                yield ServerSentEvent(event="lot", data={"lot": lot})


async def _runs(cloud: Cloud, tenant: str, lot: str) -> bool:
    async with connected(cloud) as connection:
        found = select(parking_lots.c.id).where(parking_lots.c.id == lot, parking_lots.c.tenant_id == tenant)
        return await connection.scalar(found) is not None
