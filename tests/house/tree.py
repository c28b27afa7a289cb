"""The project's own files, as git sees them or, where the tree was copied without git, as they lie there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]

_MADE = {".venv", ".git", "build", "var", "__pycache__"}


def own_files() -> list[Path]:
    """Every file that is the project's, tracked or about to be."""
    listed = _listed_by_git()
    if listed:
        return [path for name in listed if (path := HOUSE / name).is_file()]
    return [path for path in HOUSE.rglob("*") if path.is_file() and not _made(path.relative_to(HOUSE))]


def own_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file of ours that is UTF-8."""
    for path in own_files():
        try:
            yield str(path.relative_to(HOUSE)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _listed_by_git() -> list[str]:
    """Names below the house; none without git, or where it knows no repository here."""
    git = shutil.which("git")
    if git is None or not (HOUSE / ".git").exists():
        return []
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False)
    return [name for name in done.stdout.split("\0") if name]


def _made(path: Path) -> bool:
    return bool(_MADE & set(path.parts)) or any(
        part.endswith((".egg-info", "_cache")) or part == ".hypothesis" for part in path.parts
    )
