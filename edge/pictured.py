"""Pictures of vehicles copied beside a page that shows them, for a person who compares or looks for one."""

from __future__ import annotations

from pathlib import Path

from edge.own_folder import OwnFolder, page_mark
from edge.store.pictures import Pictures

_COMMAND = "parkgate-edge tickets"
PAGE_MARK = page_mark(_COMMAND)


class Beside:
    """A folder with a page and its pictures. Whoever may read them sees plates: they are for their owner alone."""

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        """Raises OSError."""
        self._folder, self._pictures = OwnFolder(folder, _COMMAND), pictures
        self._folder.expect_page()

    def picture(self, hash: str | None) -> str | None:
        """Its file beside the page; None where there is none, or none any more. Raises OSError."""
        content = None if hash is None else self._pictures.get(hash)
        if content is None:
            return None
        # What begins as it does is that picture, or what is left of it by a power cut.
        return self._folder.write(f"{hash}.jpg", content, content.startswith).name

    def plate(self, hash: str | None) -> str | None:
        """The file of the picture of that one's plate alone. Raises OSError."""
        return None if hash is None else self.picture(self._pictures.plate_of(hash))

    def page(self, html: str) -> Path:
        """With PAGE_MARK in its head. Raises OSError."""
        return self._folder.page(html)
