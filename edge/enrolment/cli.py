"""`parkgate-edge enroll`: from what the operator sent to a lot that reaches the cloud."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from ruamel.yaml import YAML

from edge.config.load import load_lot
from edge.enrolment.reading import enrolment_from
from edge.enrolment.writing import CannotEnrol, put_files, put_into, section
from edge.store.database import StoreUnavailable, looking_into
from models.documents.problems import ConfigurationError
from models.enrolment import Enrolment, NoEnrolment
from models.ids import LotId


def enroll(
    given: Annotated[str, typer.Argument(metavar="FILE", help="The enrolment: its file, or a picture of its QR code.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The lot's YAML file", envvar="PARKGATE_CONFIG")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where keys and password go.")] = Path("/etc/parkgate"),
) -> None:
    """Bring this computer on line as the lot that the operator enrolled."""
    folder = folder.absolute()
    try:
        enrolment = enrolment_from(given)
        if config is not None:
            _is_no_other_lot(config, enrolment.lot)
        put_files(enrolment, folder)
        if config is not None:
            put_into(config, enrolment, folder, lambda path: _sound(path, config))
    except (NoEnrolment, CannotEnrol) as wrong:
        _fail(str(wrong))
    print(f"This computer is {enrolment.name} ({enrolment.lot}) now; keys and password are in {folder}.")
    if config is None:
        print(f"For the lot's YAML:\n\n{_as_yaml(enrolment, folder)}")
    else:
        print(f"{config} says so. `parkgate-edge doctor --config {config}` tries the way to the cloud.")


def _is_no_other_lot(config: Path, lot: LotId) -> None:
    """Raises CannotEnrol when this computer holds the tickets of another lot."""
    try:
        settings = load_lot(config)
    except ConfigurationError:
        return  # what is wrong with it is told when the enrolment is in it
    if settings.lot.id == lot or not settings.store.path.exists():
        return
    try:
        with looking_into(settings.store.path) as connection:
            tickets = connection.execute("SELECT count(*) FROM tickets").fetchone()[0]
    except StoreUnavailable as wrong:
        raise CannotEnrol(f"{wrong}") from None
    raise CannotEnrol(
        f"{settings.store.path} holds {tickets} tickets of lot {settings.lot.id}. If this is still that lot, take an"
        f" enrolment of it (parkgate-cloud lots enroll --lot {settings.lot.id}); else move that file away first."
    )


def _sound(candidate: Path, config: Path) -> None:
    try:
        load_lot(candidate)
    except ConfigurationError as wrong:
        raise CannotEnrol(str(wrong).replace(str(candidate), str(config))) from None


def _as_yaml(enrolment: Enrolment, folder: Path) -> str:
    text = StringIO()
    yaml: Any = YAML()  # its types say little
    yaml.dump({"lot": {"id": str(enrolment.lot)}, "link": section(enrolment, folder)}, text)
    return text.getvalue()


def _fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(1)
