"""The name a person knows, read from the name Vault gives a login."""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "unknown"

# Vault names a login PATH-USER (`auth/userpass/` and ada: userpass-ada; a slash in the path
# becomes a dash). These are the default paths of the methods that add a user's own name.
_METHODS: Final = (
    "userpass",
    "ldap",
    "oidc",
    "jwt",
    "github",
    "okta",
    "radius",
    "kerberos",
    "saml",
    "cert",
    "token",
)


def readable(display_name: str, *, username: str = "", entity_id: str = "") -> str:
    """Return ada for userpass-ada; a name with no known method stays as it is.

    `username` (`auth.metadata.username`) settles it at custom paths: corp-ldap-ada is ada.
    With no name at all the entity id stands in, and then the word unknown.
    """
    if username and (display_name == username or display_name.endswith(f"-{username}")):
        return username
    for method in _METHODS:
        rest = display_name.removeprefix(f"{method}-")
        if rest and rest != display_name:
            return rest
    return display_name or entity_id or UNKNOWN
