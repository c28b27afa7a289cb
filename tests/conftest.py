"""What every test may ask for: real servers, free ports, and the shared material where it is present."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from simulator.servers import Mosquitto, Postgres, RumqttBroker, ServerError, free_port
from tests.brokers import USERS
from tests.edge.lots import close_all

HOUSE = Path(__file__).resolve().parent.parent

# How long an example takes says something of the machine, nothing of parking. The examples are the same each time: the
# long forms look for new ones, and what they find becomes a named case.
settings.register_profile("parkgate", deadline=None, derandomize=True)
settings.load_profile("parkgate")

_LONGEST_FIRST = ("whole", "chaos", "browser", "edge", "cloud", "house", "simulator", "vision", "drivers", "servers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait for minutes begin first, so that no worker is left alone with them in the end."""
    items.sort(key=lambda item: _turn(item.path.relative_to(HOUSE / "tests").parts[0]))


def _turn(room: str) -> int:
    return _LONGEST_FIRST.index(room) if room in _LONGEST_FIRST else len(_LONGEST_FIRST)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The material for building and testing that may lie beside the project (or where PARKGATE_SHARED says)."""
    folder = Path(os.environ.get("PARKGATE_SHARED") or HOUSE.parent / "shared").resolve()
    if not (folder / "lpr").is_dir():
        pytest.skip(f"shared material missing: no {folder}/lpr; set PARKGATE_SHARED to where it is")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL for the whole run: Debian's when it is installed, else the wheel's. Leave it running."""
    with Postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty database, this test's own: postgresql://user:password@host:port/name."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that this test may kill and restart."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Mosquitto for the whole run, with the users of `tests.brokers`. Leave it running, and use topics of your own."""
    with _mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture
def own_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A Mosquitto that this test may kill and restart."""
    with _mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture(scope="session")
def demo_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RumqttBroker]:
    """The demo's broker, for the whole run. Leave it running."""
    with RumqttBroker(tmp_path_factory.mktemp("rumqtt"), USERS) as broker:
        yield broker


@pytest.fixture(autouse=True)
def lots_end_with_their_test() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def port() -> int:
    """A free TCP port of the loopback."""
    return free_port()


def _mosquitto(folder: Path) -> Mosquitto:
    try:
        return Mosquitto(folder, USERS)
    except ServerError as missing:
        pytest.skip(str(missing))
