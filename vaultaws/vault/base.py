"""What every part of the gateway stands on: one transport, one clock, plain requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import UsageError, VaultNotFoundError
from vaultaws.model import JsonObject
from vaultaws.vault import decode
from vaultaws.vault.bulk import ask_all
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.errors import MountMissingError

if TYPE_CHECKING:
    from vaultaws.vault.transport import Transport

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class Server:
    """One server, one token, one namespace. The connection opens with the first request."""

    def __init__(self, settings: ConnectionSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._opening = Lock()
        self._opened: Transport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        return self._settings.address

    @property
    def namespace(self) -> str:
        return self._settings.namespace

    @property
    def _transport(self) -> Transport:
        """Imported here: a command that never asks the server must not pay. Threads share it."""
        from vaultaws.vault.transport import Transport

        with self._opening:
            if self._opened is None:
                self._opened = Transport(self._settings, self._clock)
            return self._opened

    @cached_property
    def _client(self) -> Any:
        """hvac's client. Imported here: most of what people ask goes without it."""
        from vaultaws.vault.adapter import connect

        return connect(self._settings, self._transport)

    def _request(
        self, method: str, path: str, body: JsonObject | None = None, **options: Any
    ) -> JsonObject | None:
        """Send one request as it is, without hvac. `path` is as people type it."""
        return self._transport.request(method, f"/v1/{url_path(path)}", json=body, **options)

    def _config(self, path: str) -> JsonObject | None:
        """The data at a path, None where there is nothing; a missing mount is an error."""
        try:
            answer = self._request("GET", path)
        except MountMissingError:
            raise
        except VaultNotFoundError:
            return None
        return None if answer is None or answer.get("data") is None else decode.payload(answer)

    def _keys(self, path: str) -> list[str]:
        """The names below a path, none where there is nothing; a missing mount is an error."""
        try:
            return decode.keys(self._request("LIST", path))
        except MountMissingError:
            raise
        except VaultNotFoundError:
            return []

    def _each(self, ask: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
        """Ask for each item, several at a time; answers in the order of `items`."""
        return ask_all(ask, items)

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()


def url_path(path: str) -> str:
    """Quote a path for the request line. Raises UsageError for one no server could mean."""
    parts = path.strip("/").split("/")
    if any(part in {"", ".", ".."} for part in parts) or not path.isprintable():
        raise UsageError(
            f"the path {path!r} cannot be asked for",
            why="it has an empty part, a dot part or a control character",
            do="write it like aws/roles/NAME",
        )
    return "/".join(quote(part, safe="@:+,;=!$&'()*~") for part in parts)
