"""hvac, speaking through our transport.

Imported where one of hvac's methods is called, not before: hvac costs a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvac import Client
from hvac.adapters import Adapter

from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.transport import Transport


def connect(settings: ConnectionSettings, transport: Transport) -> Client:
    """Open an hvac client that goes through `transport`. Nothing is sent yet."""

    def build(**_: object) -> HonestAdapter:
        return HonestAdapter(settings, transport)

    token = settings.token.reveal() if settings.token else ""
    return Client(url=settings.address, token=token, adapter=build)


class HonestAdapter(Adapter):  # type: ignore[misc]  # hvac ships no types
    """Hands each request on. Token and namespace are the transport's own."""

    def __init__(self, settings: ConnectionSettings, transport: Transport) -> None:
        super().__init__(base_uri=settings.address, allow_redirects=False)
        self._transport = transport

    def close(self) -> None:
        """The transport is closed by whoever made it."""

    def get_login_token(self, response: Any) -> str:
        """What hvac's own logins would keep; `login` does not go through them."""
        return str(response["auth"]["client_token"])

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> dict[str, Any] | None:
        """Send one request to `url` (/v1/…)."""
        return self._transport.request(method, url, headers, **options)
