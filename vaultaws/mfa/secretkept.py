"""A device's TOTP secret in the OS keyring, and the codes made of it (RFC 6238)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

from vaultaws.errors import LocalStateError
from vaultaws.model import Secret

SERVICE: Final = "vaultaws mfa"


class Keyring(Protocol):
    """What the `keyring` package offers, as far as it is used."""

    def get_password(self, service: str, name: str, /) -> str | None: ...
    def set_password(self, service: str, name: str, secret: str, /) -> None: ...
    def delete_password(self, service: str, name: str, /) -> None: ...


class KeptSecrets:
    """TOTP secrets by the serial number of their device."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def get(self, serial: str) -> Secret | None:
        """The secret of a device; None when it is not kept, or there is no keyring."""
        from keyring.errors import KeyringError

        try:
            found = self._keyring.get_password(SERVICE, serial)
        except KeyringError:
            return None
        return Secret(found) if found else None

    def put(self, serial: str, secret: Secret) -> None:
        """Keep a secret, and read it back. Raises LocalStateError."""
        from keyring.errors import KeyringError

        try:
            self._keyring.set_password(SERVICE, serial, secret.reveal())
            whole = self._keyring.get_password(SERVICE, serial) == secret.reveal()
        except KeyringError as error:
            raise _no_keyring(type(error).__name__) from error
        if not whole:
            raise _no_keyring("it gives back something else")

    def check(self) -> None:
        """Raise LocalStateError when nothing can be kept: before a secret is made."""
        from keyring.errors import KeyringError

        probe = "is anything kept here"
        try:
            self._keyring.set_password(SERVICE, probe, probe)
            self._keyring.delete_password(SERVICE, probe)
        except KeyringError as error:
            raise _no_keyring(type(error).__name__) from error

    def forget(self, serial: str) -> bool:
        """Take a secret out; False when there was none."""
        from keyring.errors import KeyringError

        try:
            if self._keyring.get_password(SERVICE, serial) is None:
                return False
            self._keyring.delete_password(SERVICE, serial)
        except KeyringError:
            return False
        return True


def code_at(secret: Secret, moment: datetime) -> Secret:
    """The code of a moment. Raises LocalStateError when the secret is not base32."""
    import pyotp

    try:
        return Secret(pyotp.TOTP(secret.reveal()).at(moment))
    except ValueError as error:
        raise LocalStateError(
            "the secret in the keyring makes no codes",
            why="it is not base32",
            do="take the device away and make it anew: vaultaws mfa device remove",
        ) from error


def _no_keyring(why: str) -> LocalStateError:
    return LocalStateError(
        "the secret cannot be kept in the keyring",
        why=f"this machine's keyring refuses ({why})",
        do="unlock the keyring, or leave --store out and scan the code with an authenticator",
    )
