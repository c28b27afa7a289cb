"""Pictures of vehicles copied beside a page that shows them, for a person who compares or looks for one."""

from __future__ import annotations

from pathlib import Path

from edge.store.pictures import Pictures


class Beside:
    """A folder with a page and its pictures. Whoever may read it sees plates: it is made for its owner alone."""

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        """Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._pictures = folder, pictures

    def picture(self, hash: str | None) -> str | None:
        """Its file beside the page; None where there is none, or none any more. Raises OSError."""
        content = None if hash is None else self._pictures.get(hash)
        if content is None:
            return None
        name = f"{hash}.jpg"
        (self._folder / name).write_bytes(content)
        return name

    def plate(self, hash: str | None) -> str | None:
        """The file of the picture of that one's plate alone. Raises OSError."""
        return None if hash is None else self.picture(self._pictures.plate_of(hash))

    def page(self, html: str) -> Path:
        """Raises OSError."""
        index = self._folder / "index.html"
        index.write_text(html)
        return index
