"""The commands for the keys that sign what goes down to the lots: `parkgate-cloud signing ...`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import signing
from cloud.at_the_prompt import FAILED, AsJson, give_up, settings_given, with_database
from cloud.db.schema import lot_keys, parking_lots
from models.wire.seals import Signer, key_id

signing_app = typer.Typer(no_args_is_help=True, help="The keys that sign what goes down to the lots.")

_With = Annotated[
    Path | None, typer.Option("--with", help="The file of the newest key, which signs the change; the current one's")
]


@signing_app.command("new")
def new_signing_key(
    file: Annotated[Path, typer.Argument(help="Where the secret half goes; PARKGATE_SIGNING_KEY_FILE names it then.")],
) -> None:
    """Make the first key. Prints the public half, which the lots get in their file of keys."""
    try:
        typer.echo(signing.new_signer(file).public_text)
    except signing.NoSigningKey as wrong:
        give_up(str(wrong), FAILED)


@signing_app.command("next")
def next_key(
    file: Annotated[Path, typer.Argument(help="Where the next key's secret half goes: keep it elsewhere.")],
    with_: _With = None,
) -> None:
    """Make the next key, long before it is needed, and tell the lots. From then on only it can change the keys."""
    key_file = _key_file()
    try:
        newest = _newest(key_file, with_)
        known = signing.chain_beside(key_file).trust.keys
        made = signing.new_signer(file)
        _change(key_file, [*known, made.public_text], newest, undo=file)
    except signing.NoSigningKey as wrong:
        give_up(str(wrong), FAILED)
    typer.echo(made.public_text)
    typer.echo(
        f"The next key is {made.key_id}. Keep {file} where the cloud's servers aren't; only it can change the keys now."
        " The lots are told by themselves; `lots enroll` gives it to new ones.",
        err=True,
    )


@signing_app.command()
def rotate(
    file: Annotated[Path, typer.Argument(help="The file of the next key, brought here from where it was kept.")],
) -> None:
    """Let the next key sign from now on. Every lot knows it already, also one that is off line."""
    key_file = _key_file()
    try:
        before = signing.signer_in(key_file).key_id
        now = signing.take_into_use(key_file, file).key_id
    except (signing.NoSigningKey, signing.NoSuchChange) as wrong:
        give_up(str(wrong), FAILED)
    if now == before:
        give_up(f"{now} signs already.", FAILED)
    typer.echo(f"{now} signs from now on, in every process that has this file.")
    typer.echo(
        f"Then `parkgate-cloud signing retire {before}`, and `signing next` for the key after this one.", err=True
    )


@signing_app.command()
def retire(
    key: Annotated[str, typer.Argument(help="The key's id, as `signing list` shows it.")], with_: _With = None
) -> None:
    """Believe a key no more, in any lot that hears of it. What it signed in the meantime is worth nothing there."""
    key_file = _key_file()
    try:
        known = signing.chain_beside(key_file).trust.keys
        left = [each for each in known if key_id(each) != key]
        if len(left) == len(known):
            give_up(f"There is no key {key}: `parkgate-cloud signing list` shows them.", FAILED)
        if signing.signer_in(key_file).key_id == key:
            give_up(f"{key} signs from day to day: `signing rotate` first.", FAILED)
        _change(key_file, left, _newest(key_file, with_))
    except signing.NoSigningKey as wrong:
        give_up(str(wrong), FAILED)
    typer.echo(f"{key} is retired; lots in touch hear of it within seconds, the others when they are back.")


@signing_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """The keys that the lots are told to believe, and how many lots have followed."""
    key_file = _key_file()
    try:
        chain, current = signing.chain_beside(key_file), signing.signer_in(key_file).key_id
    except signing.NoSigningKey as wrong:
        give_up(str(wrong), FAILED)
    newest = chain.trust.ids[-1]
    followed, behind = with_database(settings_given(), lambda c, now: _followed(c, newest))
    keys = [
        {"id": id, "public": public, "signs": id == current, "may_change_keys": id == newest}
        for id, public in zip(chain.trust.ids, chain.trust.keys, strict=True)
    ]
    if as_json:
        found = {"serial": chain.trust.serial, "keys": keys, "lots_followed": followed, "lots_behind": behind}
        typer.echo(json.dumps(found, indent=2))
        return
    for known in keys:
        does = [
            word for word, so in (("signs", known["signs"]), ("may change the keys", known["may_change_keys"])) if so
        ]
        typer.echo(f"{known['id']}  {known['public']}  {', '.join(does)}")
    typer.echo(f"Change {chain.trust.serial}; {followed} lots go by it, {behind} haven't said so yet.")


def _newest(key_file: Path, named: Path | None) -> Signer:
    return signing.signer_in(key_file) if named is None else signing.signer_at(named)


def _change(key_file: Path, keys: Sequence[str], newest: Signer, undo: Path | None = None) -> None:
    try:
        signing.changed_chain(key_file, keys, newest)
    except signing.NoSuchChange as wrong:
        if undo is not None:
            undo.unlink()
        give_up(str(wrong), FAILED)


async def _followed(connection: AsyncConnection, newest: str) -> tuple[int, int]:
    """How many lots go by this newest key, and how many others there are."""
    lots = await connection.scalar(select(func.count()).select_from(parking_lots)) or 0
    followed = await connection.scalar(select(func.count()).select_from(lot_keys).where(lot_keys.c.newest == newest))
    return followed or 0, lots - (followed or 0)


def _key_file() -> Path:
    file = settings_given().signing_key_file
    if file is None:
        give_up("PARKGATE_SIGNING_KEY_FILE names the key that signs; it isn't set.", FAILED)
    return file
