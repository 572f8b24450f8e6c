"""`vaultaws login oidc`: by way of the browser and the company's identity provider."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from vaultaws.cli import output

if TYPE_CHECKING:
    from vaultaws.vault.connection import ConnectionSettings
    from vaultaws.vault.login import Login


def log_in(
    settings: ConnectionSettings, role: str, mount: str, *, port: int | None, browser: bool
) -> Login:
    """Send the person to the provider, wait for the answer, trade it for a token."""
    from vaultaws.clock import SystemClock
    from vaultaws.handoff.callback import PORT, Callback
    from vaultaws.vault import login

    nonce, clock = secrets.token_urlsafe(32), SystemClock()
    with Callback(port or PORT) as callback:
        asked = login.oidc_begin(settings, role, callback.address, nonce, mount=mount)
        output.say(f"· log in at {asked.address}")
        if browser:
            threading.Thread(target=_show, args=(asked.address,), daemon=True).start()
        with output.Progress("waiting for the browser"):
            code = callback.wait(asked.state, clock)
    return login.with_oidc(settings, asked.state, code, nonce, mount=mount)


def _show(address: str) -> None:
    """Open the address in the browser. Where that fails, it has been printed."""
    from vaultaws.clock import SystemClock
    from vaultaws.handoff.browser import show
    from vaultaws.model import Secret

    show(Secret(address), SystemClock())
