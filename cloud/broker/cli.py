"""The broker's folder and the lots' ways in, from the command line: set up, enrol, revoke."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import segno
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import enrolment, queries, signing
from cloud.at_the_prompt import (
    CANNOT_START,
    FAILED,
    AsJson,
    Tenant,
    give_up,
    known_lot,
    known_tenant,
    settings_given,
    with_database,
)
from cloud.broker.folder import (
    CLOUD_ADDRESS,
    CLOUD_PORT,
    LOTS_PORT,
    PID_FILE,
    STATE,
    BrokerFolder,
    BrokerPlan,
    NoBroker,
)
from cloud.broker.passwords import Login, all_logins, give_password, revoke_password
from cloud.broker.rules import CLOUD_USER
from cloud.settings import CloudSettings
from models.enrolment import Enrolment
from models.instants import Instant

broker_app = typer.Typer(no_args_is_help=True, help="The MQTT broker between the lots and the cloud.")
_PICTURES = (".png", ".svg")
Folder = Annotated[Path | None, typer.Option(help="The broker's folder; PARKGATE_BROKER_FOLDER unless given.")]


@broker_app.command("setup")
def setup(
    name: Annotated[list[str], typer.Option(help="Name or address of the broker; the lots are told the first one.")],
    folder: Folder = None,
    port: Annotated[int, typer.Option(help="Port for the lots.")] = LOTS_PORT,
    cloud_port: Annotated[int, typer.Option(help="Port for the cloud's own processes.")] = CLOUD_PORT,
    cloud_address: Annotated[str, typer.Option(help="Where that port listens.")] = CLOUD_ADDRESS,
    state: Annotated[str, typer.Option(help="Where Mosquitto keeps what it holds.")] = STATE,
    pid_file: Annotated[str, typer.Option(help="Where Mosquitto writes its process number.")] = PID_FILE,
) -> None:
    """Write Mosquitto's configuration, certificate, rules and passwords. Harmless when they are there already."""
    settings = settings_given()
    place = _folder(settings, folder)
    plan = BrokerPlan(
        tuple(name), port, cloud_port=cloud_port, cloud_address=cloud_address, state=state, pid_file=pid_file
    )
    logins, now = _logins(settings)
    try:
        place.set_up(plan, logins, now)
    except NoBroker as wrong:
        give_up(str(wrong), FAILED)
    typer.echo(f"{place.conf} is for Mosquitto 2: (re)start it with that file. The cloud is told how to reach it by")
    for setting, value in _settings_for(place, plan).items():
        typer.echo(f"  PARKGATE_{setting}={value}")


@broker_app.command("passwords")
def passwords(folder: Folder = None) -> None:
    """Write the lots' logins anew from the database, and tell the broker."""
    settings = settings_given()
    _renew(settings, _folder(settings, folder))


def enroll(
    name: Annotated[str | None, typer.Option(help="What people call the new lot.")] = None,
    lot: Annotated[
        str | None, typer.Option(help="Id or name of a lot that is known already: what it had ends with this.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Write the enrolment here, for the technician.")] = None,
    qr: Annotated[Path | None, typer.Option(help="Draw it as a QR code here (.png or .svg).")] = None,
    folder: Folder = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Enrol a lot: one file or picture with which `parkgate-edge enroll` brings its computer on line."""
    if (name is None) == (lot is None):
        give_up("Either --name of a new lot or --lot of one that is known is expected.", CANNOT_START)
    if file is None and qr is None:
        give_up("--file or --qr is expected: the enrolment is told once, and never on the screen.", CANNOT_START)
    for path in filter(None, (file, qr)):
        _refuse_unwritable(path)
    if qr is not None and qr.suffix.lower() not in _PICTURES:
        give_up(f"{qr}: a picture ends in {' or '.join(_PICTURES)}.", CANNOT_START)
    settings = settings_given()
    place = _folder(settings, folder)
    try:
        plan, authority = place.plan(), place.authority()
        believed = signing.keys_to_believe(settings.signing_key_file)
    except (NoBroker, signing.NoSigningKey) as wrong:
        give_up(str(wrong), CANNOT_START)

    async def work(connection: AsyncConnection, now: Instant) -> Enrolment:
        return await _enrolled(connection, settings, plan, authority, believed, name, lot, tenant, now)

    made = with_database(settings, work)
    _hand_over(made, file, qr)
    _renew(settings, place)
    told = {"id": made.lot, "name": made.name, "epoch": made.epoch}
    typer.echo(json.dumps(told) if as_json else f"{made.name} is enrolled as {made.lot}.")


def revoke(
    lot: Annotated[str, typer.Argument(help="The lot's id, or its name where only one has it.")],
    folder: Folder = None,
    tenant: Tenant = None,
) -> None:
    """End a lot's way in: a stolen computer, a lot given up. `enroll --lot` gives it a new one."""
    settings = settings_given()

    place = _folder(settings, folder)

    async def work(connection: AsyncConnection, now: Instant) -> bool:
        owner = await known_tenant(connection, tenant or settings.tenant)
        return await revoke_password(connection, owner, await known_lot(connection, owner, lot), now)

    if not with_database(settings, work):
        give_up(f"{lot} has no login that still works.", FAILED)
    _renew(settings, place)
    typer.echo(f"{lot} is revoked: the broker doesn't let it in any more. `lots enroll --lot` gives it a new way in.")


def _settings_for(place: BrokerFolder, plan: BrokerPlan) -> dict[str, object]:
    """What a cloud on this machine needs to log in."""
    return {
        "MQTT_HOST": plan.cloud_host,
        "MQTT_PORT": plan.cloud_port,
        "MQTT_USERNAME": CLOUD_USER,
        "MQTT_PASSWORD_FILE": place.cloud_password,
        "MQTT_TLS": "true",
        "MQTT_CA_FILE": place.authority_certificate,
        "BROKER_FOLDER": place.path,
    }


async def _enrolled(
    connection: AsyncConnection,
    settings: CloudSettings,
    plan: BrokerPlan,
    authority: str,
    believed: tuple[str, ...],
    name: str | None,
    lot: str | None,
    tenant: str | None,
    now: Instant,
) -> Enrolment:
    if name is not None:
        owner = await enrolment.tenant_named(connection, tenant or settings.tenant, now)
        await _refuse_known(connection, owner, name)
        id, called, epoch = await enrolment.enrol_lot(connection, owner, name, now), name, 1
    else:
        owner = await known_tenant(connection, tenant or settings.tenant)
        id = await known_lot(connection, owner, lot or "")
        called, epoch = await enrolment.enrol_anew(connection, owner, id, now)
    return Enrolment.model_validate(
        {
            "lot": id,
            "name": called,
            "epoch": epoch,
            "host": plan.host,
            "port": plan.lots_port,
            "username": id,
            "password": await give_password(connection, owner, id, now),
            "authority": authority,
            "keys": believed,
        }
    )


async def _refuse_known(connection: AsyncConnection, owner: str, name: str) -> None:
    """Typed twice, it would make two lots where there is one."""
    if found := await queries.lots_named(connection, owner, name):
        give_up(
            f"There is a lot {name!r} already: `lots enroll --lot {found[0]}` enrols it anew. If there really are two"
            " of that name, `lots add` makes the second, and `lots enroll --lot` with its id enrols it.",
            FAILED,
        )


def _refuse_unwritable(path: Path) -> None:
    """Before the lot is enrolled: what can't be handed over afterwards would leave a lot that nobody can bring on."""
    folder = path.absolute().parent
    if not folder.is_dir():
        give_up(f"{path}: there is no folder {folder}. Nothing was enrolled.", CANNOT_START)
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        give_up(f"{path}: it can't be written. Nothing was enrolled.", CANNOT_START)


def _hand_over(made: Enrolment, file: Path | None, qr: Path | None) -> None:
    try:
        if file is not None:
            _private(file)
            file.write_text(made.text() + "\n", encoding="ascii")
        if qr is not None:
            _private(qr)
            segno.make(made.text(), error="m", micro=False, boost_error=False).save(str(qr), scale=6, border=4)
    except (OSError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "a picture ends in .png or .svg"
        give_up(
            f"{file if qr is None else qr}: {why}. The lot is enrolled; `enroll --lot {made.lot}` tells it anew.",
            FAILED,
        )


def _private(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    path.chmod(0o600)


def _logins(settings: CloudSettings) -> tuple[list[Login], Instant]:
    """Who may log in now, and when that is."""

    async def work(connection: AsyncConnection, now: Instant) -> tuple[list[Login], Instant]:
        return await all_logins(connection), now

    return with_database(settings, work)


def _renew(settings: CloudSettings, place: BrokerFolder) -> None:
    logins, _ = _logins(settings)
    try:
        told = place.renew_passwords(logins)
    except NoBroker as wrong:
        give_up(f"{wrong}. Afterwards `parkgate-cloud broker passwords` lets the lots in.", FAILED)
    if not told:
        typer.echo(
            "Mosquitto doesn't run on this machine: tell it to read its files anew (systemctl reload).", err=True
        )


def _folder(settings: CloudSettings, given: Path | None) -> BrokerFolder:
    path = given or settings.broker_folder
    if path is None:
        give_up(
            "--folder or PARKGATE_BROKER_FOLDER is expected: where `broker setup` put the broker's files.", CANNOT_START
        )
    return BrokerFolder(path.absolute())
