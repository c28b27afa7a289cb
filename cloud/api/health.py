"""Routes for those who run the cloud: is it well, and what does it count."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloud.api.access import KEY_PROBLEMS, Database, MetricsReader, Parts, connected
from cloud.api.errors import ApiError, answers
from cloud.figures import figures
from cloud.service import Cloud

router = APIRouter(tags=["running it"])


class Health(BaseModel):
    status: Literal["ok", "degraded", "down"] = Field(
        description="`down`: nothing can be answered. `degraded`: what is shown grows old, as the broker is away"
    )
    database: Literal["up", "down"]
    broker: Literal["connected", "away", "not used"] = Field(description="`not used` in a process that takes no facts")


@router.get(
    "/healthz", summary="Is it well?", responses={503: {"model": Health, "description": "The database is down"}}
)
async def healthz(cloud: Parts, response: Response) -> Health:
    """Needs no key. 200 while the API can answer, 503 while the database is down."""
    database = await _database(cloud)
    broker = "not used" if cloud.ingest is None else "connected" if cloud.ingest.broker_connected else "away"
    if database == "down":
        response.status_code = 503
        return Health(status="down", database=database, broker=broker)
    return Health(status="degraded" if broker == "away" else "ok", database=database, broker=broker)


@router.get(
    "/metrics",
    summary="Counts for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}, **answers(*KEY_PROBLEMS)},
)
async def metrics(cloud: Parts, database: Database, key: MetricsReader) -> Response:
    """Needs a key with the scope `metrics`, from wherever it is asked: behind a proxy everyone is local."""
    cloud.metrics.shows(await figures(database, cloud.clock.read().wall))
    return Response(cloud.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


async def _database(cloud: Cloud) -> Literal["up", "down"]:
    try:
        async with connected(cloud) as connection:
            await connection.execute(text("SELECT 1"))
    except (ApiError, DBAPIError):
        return "down"
    return "up"
