"""A keyring backend that keeps secrets in the file that FILE_KEYRING names: for tests alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Refuses everything while a file named LOCKED stands beside its own."""

    priority: Any = 0.1

    def __init__(self) -> None:
        """There is nothing to set up."""

    def _place(self) -> Path:
        place = Path(os.environ["FILE_KEYRING"])
        if (place.parent / "LOCKED").exists():
            raise KeyringLocked
        return place

    def _all(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._place().read_text())
        except FileNotFoundError:
            return {}
        return found

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._place().write_text(json.dumps({**self._all(), f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        kept = self._all()
        if kept.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError
        self._place().write_text(json.dumps(kept))
