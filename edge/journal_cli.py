"""`parkgate-edge journal`: what the lot has put on record, and whether its chain holds, also of a copied store."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from edge.clock import SystemClock
from edge.config.load import load_lot
from edge.journal_lines import as_json, as_line
from edge.store import StoreDamaged, StoreUnavailable, chain, journal, structure
from edge.store.connecting import looking_into
from edge.store.trouble import DATABASE_ERRORS, in_words, is_damage
from models.documents.problems import ConfigurationError
from models.facts.base import Stream
from models.ids import LotId
from models.instants import Instant, from_datetime
from models.wire.envelopes import SentFact, read_body

BROKEN = 3
"""Exit code of `verify` when a chain breaks or a table is damaged, and of the others when they meet damage."""
_DAMAGED = "The file is damaged here; a daemon that starts on it sets it aside."
_SINCE = "A fact's number, or a time: \"2026-11-20 08:12\" by the lot's own clock, or 2026-11-20T08:12:00Z"
_UTC = ZoneInfo("UTC")
_AT_ONCE = 500
_LOOK_AGAIN = 0.5

journal_app = typer.Typer(
    help="What the lot has put on record: its facts in their order. Plates are shown only with --plates.",
    no_args_is_help=True,
)

_Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The lot's YAML file", envvar="PARKGATE_CONFIG"),
]
_File = Annotated[Path | None, typer.Option("--file", help="A store, or a copy of one, instead of the lot's own")]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
_Plates = Annotated[bool, typer.Option("--plates", help="Show plates too")]
_Telemetry = Annotated[bool, typer.Option("--telemetry", help="The telemetry instead of the ledger")]


@journal_app.command()
def tail(
    config: _Config = None,
    file: _File = None,
    lines: Annotated[int, typer.Option("-n", min=0, help="So many of the latest facts")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C")] = False,
    as_json: _AsJson = False,
    plates: _Plates = False,
    telemetry: _Telemetry = False,
) -> None:
    """Print the latest facts."""
    store = _store(config, file)
    shown = _Shown(as_json, plates, "telemetry" if telemetry else "ledger")
    with _Told(store):
        after = shown.latest(store, lines)
        if follow:
            asyncio.run(_follow(store, shown, after))


@journal_app.command()
def since(
    begin: Annotated[str, typer.Argument(metavar="TIME|NUMBER", help=_SINCE)],
    config: _Config = None,
    file: _File = None,
    as_json: _AsJson = False,
    plates: _Plates = False,
    telemetry: _Telemetry = False,
) -> None:
    """Print the facts from a time, or a number, on."""
    store = _store(config, file)
    shown = _Shown(as_json, plates, "telemetry" if telemetry else "ledger")
    with _Told(store):
        for stream in shown.streams(store):
            with looking_into(store) as connection:
                first = _first(connection, stream, begin)
            shown.run(store, stream, first - 1)


@journal_app.command()
def verify(config: _Config = None, file: _File = None, as_json: _AsJson = False) -> None:
    """Walk the chain of hashes of every stream, from where it was last pruned, and say where it breaks; then look over
    the file's structure, table by table. Exit code 3 if one of them is broken."""
    store = _store(config, file)
    with _Told(store):
        _verify(store, as_json)


# --- what is shown ---


class _Shown:
    """Facts on their way to the terminal."""

    def __init__(self, as_json: bool, plates: bool, stream: Stream) -> None:
        self._as_json, self._plates, self._stream = as_json, plates, stream
        self._zone = _UTC

    def streams(self, store: Path) -> list[chain.Chained]:
        with looking_into(store) as connection:
            self._zone = _zone(connection)
            return [stream for stream in chain.streams(connection) if stream.stream == self._stream]

    def latest(self, store: Path, lines: int) -> chain.Place:
        """Print the latest; returns where the last one stood."""
        streams = self.streams(store)
        for place, stream in enumerate(streams):
            later = sum(each.seq for each in streams[place + 1 :])
            self.run(store, stream, max(0, stream.seq - max(0, lines - later)))
        return chain.Place(streams[-1].seq, streams[-1].stream_id) if streams else chain.Place(0, "")

    def run(self, store: Path, stream: chain.Chained, after: int) -> int:
        """Print what follows number `after`, a little at a time; returns the last number."""
        while True:
            with looking_into(store) as connection:
                facts = journal.run(connection, stream.stream_id, after, _AT_ONCE)
            for fact in facts:
                typer.echo(self._written(stream, fact))
            if len(facts) < _AT_ONCE:
                return facts[-1].seq if facts else after
            after = facts[-1].seq

    def _written(self, stream: chain.Chained, fact: SentFact) -> str:
        body = read_body(fact.body)
        body.pop("personal", None)  # the commitment to what is kept beside
        personal = fact.personal if self._plates else None
        if self._as_json:
            return json.dumps(as_json(stream, fact, body, personal), ensure_ascii=False)
        return as_line(stream, fact, body, personal, self._zone, _width())


async def _follow(store: Path, shown: _Shown, reached: chain.Place) -> None:
    clock, after, stream_id = SystemClock(), reached.seq, reached.hash
    while True:
        await clock.sleep(_LOOK_AGAIN)
        for stream in shown.streams(store)[-1:]:
            if stream.stream_id != stream_id:  # a new one was begun
                stream_id, after = stream.stream_id, 0
            after = shown.run(store, stream, after)


# --- what is walked ---


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a walk found. `unwalked`: why the journal couldn't be walked at all; `torn`: tables that aren't whole."""

    lot: LotId | None
    streams: list[dict[str, Any]]
    unwalked: str
    torn: list[structure.Torn]
    tables: int

    @property
    def whole(self) -> bool:
        return not self.torn and not self.unwalked and all(each["breaks_at"] is None for each in self.streams)

    @property
    def sentences(self) -> Iterator[str]:
        yield from map(_as_sentence, self.streams)
        if self.unwalked:
            yield f"The journal can't be walked: {self.unwalked}."
        elif not self.streams:
            yield "The journal is empty."
        for torn in self.torn:
            yield f"The table {torn.table} is damaged: {torn.why}."
        if self.torn:
            yield f"{self.tables - len(self.torn)} of {self.tables} tables are whole. {_DAMAGED}"
        else:
            yield f"The file's structure is whole: {self.tables} tables."


def _verify(store: Path, as_json: bool) -> None:
    with looking_into(store) as connection:
        found = _verified(connection)
    if as_json:
        torn = [asdict(each) for each in found.torn]
        said = {"lot": found.lot, "whole": found.whole, "streams": found.streams, "damaged": torn}
        typer.echo(json.dumps({**said, "unwalked": found.unwalked or None}))
    else:
        typer.echo("\n".join(found.sentences))
    if not found.whole:
        raise typer.Exit(BROKEN)


def _verified(connection: sqlite3.Connection) -> _Verified:
    """The journal, and the structure of what lies beside it: a chain holds though a ticket's page is gone."""
    lot, walked, unwalked = None, list[dict[str, Any]](), ""
    try:
        lot = _lot(connection)
        walked += [_walked(connection, lot, stream) for stream in chain.streams(connection)]
    except DATABASE_ERRORS as wrong:
        if not is_damage(wrong):
            raise
        unwalked = in_words(wrong)
    torn = list(structure.torn(connection))
    return _Verified(lot, walked, unwalked, torn, len(structure.tables(connection)))


def _walked(connection: sqlite3.Connection, lot: LotId, stream: chain.Chained) -> dict[str, Any]:
    begun = chain.begins(connection, stream)
    reached, broken = begun, None
    for place in chain.walk(connection, lot, stream, begun):
        if isinstance(place, chain.Break):
            broken, reached = place, place.reached
        else:
            reached = place
    return {
        "stream": stream.stream,
        "stream_id": stream.stream_id,
        "former": stream.former,
        "first": begun.seq + 1,
        "begin_is_proven": bool(begun.hash),
        "last": reached.seq,
        "checked": reached.checked,
        "acknowledged": stream.acked,
        "breaks_at": broken.seq if broken else None,
        "why": broken.why if broken else None,
    }


def _as_sentence(walked: dict[str, Any]) -> str:
    name = f"{walked['stream']}{' (former)' if walked['former'] else ''} {walked['stream_id']}"
    if walked["breaks_at"] is not None:
        return f"{name}: breaks at {walked['breaks_at']}: {walked['why']}. {walked['checked']} facts before hold."
    if not walked["checked"]:
        return f"{name}: no fact is kept."
    proof = "" if walked["begin_is_proven"] else "; what was before them isn't kept, so the first is believed"
    return f"{name}: {walked['checked']} facts, {walked['first']} to {walked['last']}, the chain holds{proof}."


# --- where it is looked ---


def _first(connection: sqlite3.Connection, stream: chain.Chained, begin: str) -> int:
    if begin.isdecimal():
        return int(begin)
    at = _moment(begin, _zone(connection))
    found = "SELECT min(seq) FROM journal WHERE stream_id = ? AND wall >= ?"
    first = connection.execute(found, (stream.stream_id, at)).fetchone()[0]
    return stream.seq + 1 if first is None else first


def _moment(written: str, zone: ZoneInfo) -> Instant:
    """With its offset, or by the lot's clock on the wall, as `tail` shows it."""
    try:
        at = dt.datetime.fromisoformat(written.upper())
        return from_datetime(at if at.tzinfo is not None else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f'{written!r} is neither a time nor a fact\'s number: 2026-11-20, "2026-11-20 08:12" (in {zone.key}), '
            "2026-11-20T08:12:00Z or 185 is expected",
            param_hint="TIME|NUMBER",
        ) from None


def _zone(connection: sqlite3.Connection) -> ZoneInfo:
    """The lot's own, in which its people read clocks."""
    row = connection.execute("SELECT timezone FROM parking_lots LIMIT 1").fetchone()
    try:
        return ZoneInfo(row["timezone"]) if row else _UTC
    except (ZoneInfoNotFoundError, ValueError):
        return _UTC


def _width() -> int:
    """Of the terminal; 0 where there is none: a line a fact, for `grep`."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _lot(connection: sqlite3.Connection) -> LotId:
    """The lot whose store it is; its name is part of what is hashed."""
    row = connection.execute("SELECT id FROM parking_lots LIMIT 1").fetchone()
    return LotId(row["id"] if row else "")


def _store(config: Path | None, file: Path | None) -> Path:
    if file is not None:
        return file
    if config is None:
        _fail("Which lot? --config FILE names its settings, --file FILE a store or a copy of one.", 2)
    try:
        return load_lot(config).store.path
    except ConfigurationError as wrong:
        _fail(str(wrong), 2)


class _Told:
    """What can't be looked at is said in a line, and Ctrl-C ends quietly."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, wrong: BaseException | None, trace: object) -> bool:
        if isinstance(wrong, StoreDamaged):
            _fail(f"{wrong}\n{_DAMAGED}", BROKEN)
        if isinstance(wrong, StoreUnavailable):
            _fail(str(wrong), 1)
        if isinstance(wrong, ValueError):
            _fail(f"{self._store}: a fact isn't written as facts are; see `journal verify`", BROKEN)
        return isinstance(wrong, KeyboardInterrupt)


def _fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
