"""Why a run of Terraform failed, as far as the server and Terraform's words tell it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vaultaws.errors import (
    ConfigError,
    LocalStateError,
    UsageError,
    VaultawsError,
    VaultRefusedError,
    VaultSealedError,
    VaultUnreachableError,
)

if TYPE_CHECKING:
    from vaultaws.vault.connection import ConnectionSettings

LOCKED = "Error acquiring the state lock"
ASKED = ("Error making API request", "limited child token")
"""What the Vault provider says where the server refused (vault/api, ResponseError)."""
FULL = ("no space left on device", "disk quota exceeded", "file too large")
SO_FAR = "what was written until then is in the state"
UNTOUCHED = "nothing was done"


def failure(verb: str, directory: Path, words: str, found: ConnectionSettings) -> VaultawsError:
    """The error for a `verb` that failed. `words` is what Terraform wrote to its stderr."""
    error = (
        _lock(verb, words)
        or _full_disk(verb, words)
        or _server_fault(verb, found)
        or _refusal(verb, words)
        or ConfigError(
            f"terraform {verb} failed for what {directory} declares",
            why=f"Terraform's words are above; {UNTOUCHED}",
            do="mend what they name, and run it again",
        )
    )
    if (directory / "errored.tfstate").exists():
        error.add_note(
            "Terraform could not save its state and left it in errored.tfstate; "
            "when there is room: terraform state push errored.tfstate"
        )
    return error


def _lock(verb: str, words: str) -> VaultawsError | None:
    """Who holds the state, as Terraform tells it for every backend."""
    if LOCKED not in words:
        return None
    told = dict(re.findall(r"^\W*(Who|Created):\s+(.+?)\s*$", words, re.MULTILINE))
    who, since = told.get("Who", "somebody"), told.get("Created", "a while")
    return UsageError(
        f"terraform {verb} did not run: the state is locked",
        why=f"{who} has held it since {since}",
        do=f"wait for that run to end (vaultaws terraform {verb} --lock-timeout 5m)",
    )


def _full_disk(verb: str, words: str) -> VaultawsError | None:
    if not any(each in words for each in FULL):
        return None
    return LocalStateError(
        f"terraform {verb} found no room on the disk",
        why=f"Terraform's words are above; {SO_FAR if verb == 'apply' else UNTOUCHED}",
        do="free some space, and run it again",
    )


def _server_fault(verb: str, found: ConnectionSettings) -> VaultawsError | None:
    from vaultaws.vault.gateway import HvacVault

    why = SO_FAR if verb == "apply" else UNTOUCHED
    do = f"{{}}, then vaultaws terraform {verb} again"
    try:
        sealed = HvacVault(found).health().sealed
    except VaultUnreachableError as error:
        what = f"terraform {verb} stopped: {error.what}"
        return VaultUnreachableError(what, why=why, do=do.format("see that the server answers"))
    except VaultawsError as error:
        return error
    if not sealed:
        return None
    what = f"terraform {verb} stopped: the server at {found.address} is sealed"
    return VaultSealedError(what, why=why, do=do.format("unseal it"))


def _refusal(verb: str, words: str) -> VaultawsError | None:
    """An apply that failed, and a plan that the server refused something to."""
    if verb == "apply":
        return VaultRefusedError(
            "terraform apply failed",
            why=f"its own words are above; {SO_FAR}",
            do="mend what they name, and run it again",
        )
    if not any(each in words for each in ASKED):
        return None
    return VaultRefusedError(
        f"terraform {verb} failed: the server refused a request",
        why=f"Terraform's words are above; {UNTOUCHED}",
        do="see that the token may do what they name (terraform/aws-engine/token.hcl)",
    )
