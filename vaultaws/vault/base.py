"""What every part of the gateway stands on: one hvac client, one clock, plain requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Self, TypeVar
from urllib.parse import quote

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import UsageError, VaultNotFoundError
from vaultaws.model import JsonObject
from vaultaws.vault import decode
from vaultaws.vault.bulk import ask_all
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.errors import MountMissingError

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class Server:
    """One server, one token, one namespace. The connection opens with the first request."""

    def __init__(self, settings: ConnectionSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        return self._settings.address

    @cached_property
    def _client(self) -> Any:
        """hvac's client. Imported here: a command that never asks the server must not pay."""
        from vaultaws.vault.adapter import connect

        return connect(self._settings, self._clock)

    def _request(
        self, method: str, path: str, body: JsonObject | None = None, **options: Any
    ) -> JsonObject | None:
        """Send one request where hvac has no method for it. `path` is as people type it."""
        answer: JsonObject | None = self._client.adapter.request(
            method, f"/v1/{url_path(path)}", json=body, **options
        )
        return answer

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
        """Ask for each item, several at a time; answers in the order of `items`.

        The client is built first: the threads share it.
        """
        self._client  # noqa: B018  (reading it builds it)
        return ask_all(ask, items)

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.adapter.close()


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
