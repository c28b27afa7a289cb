"""`parkgate-cloud receipts`: what a lot has made out for its drivers, and the text of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import (
    CANNOT_START,
    AsJson,
    Tenant,
    give_up,
    known_lot,
    known_tenant,
    settings_given,
    with_database,
)
from cloud.listing import print_entries, shown
from cloud.queries.receipts import ReceiptView, receipts_of
from models.instants import Instant
from models.money import written
from models.phrases.language import Language, known_language, language
from models.qr import shown_code
from models.receipts.document import UnreadableReceipt, read_document
from models.receipts.layout import laid_out


def receipts(
    lot: Annotated[str, typer.Argument(help="The lot's id, or its name where only one has it.")],
    ticket: Annotated[str | None, typer.Option(help="Of this ticket, by its code: with the text, as a copy.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most.")] = 50,
    spoken: Annotated[str, typer.Option("--language", help="Two letters, for the text.")] = "en",
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """The receipts and credit notes of a lot, the newest first."""
    settings = settings_given()
    try:
        code = None if ticket is None else shown_code(ticket)
        words = language(known_language(spoken))
    except ValueError as wrong:
        give_up(str(wrong), CANNOT_START)

    async def work(connection: AsyncConnection, now: Instant) -> Sequence[ReceiptView]:
        owner = await known_tenant(connection, tenant or settings.tenant)
        return await receipts_of(connection, owner, await known_lot(connection, owner, lot), code, limit)

    found = with_database(settings, work)
    if as_json:
        for one in found:
            typer.echo(json.dumps(_as_json(one)))
    elif code is not None and found:
        typer.echo("\n\n\n".join(_text(one, words) for one in reversed(found)))
    else:
        print_entries(([_line(one)] for one in found), "No receipt was made out there.")


def _line(one: ReceiptView) -> str:
    return f"{one.number:>6}  {shown(one.at)}  {one.ticket}  {written(one.total, one.currency):>14}"


def _text(one: ReceiptView, words: Language) -> str:
    """The original is the driver's."""
    try:
        return "\n".join(laid_out(read_document(one.said), [words], 42, copy=True))
    except UnreadableReceipt as wrong:
        return f"{_line(one)}  (made out by another release: {wrong})"


def _as_json(one: ReceiptView) -> dict[str, Any]:
    said: Any = json.loads(one.said)
    return {"number": one.number, "ticket": one.ticket, "total": one.total, "currency": one.currency, "said": said}
