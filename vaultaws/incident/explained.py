"""Which IAM users a live lease stands behind: by name, by key, or since there is none at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from vaultaws.errors import VaultError
from vaultaws.incident.naming import prefixes
from vaultaws.leases.inventory import HASHED
from vaultaws.leases.ledger import Ledger
from vaultaws.model import AuditIssuance


@dataclass(frozen=True)
class Explainer:
    """Answers whether a user is of a live lease. `live` None: Vault does not say which live."""

    mount: str
    template: str
    live: frozenset[str] | None
    issuances: Sequence[AuditIssuance] = ()
    ledger: Ledger = field(default_factory=Ledger)
    digest: Callable[[str], str] | None = None
    elsewhere: frozenset[str] = frozenset()
    """Roles whose namesakes on other mounts make users that look alike."""

    def __call__(self, name: str, role: str, keys: Sequence[str]) -> bool | None:
        """True with a lease, False without, None where nothing tells."""
        if self.live is None:
            return None
        if self._by_name(name) or self._by_key(keys):
            return True
        return None if role in self.elsewhere or self._unattributed()[role] else False

    def _by_name(self, name: str) -> bool:
        return any(
            name.startswith(start)
            for entry in self._living()
            if not entry.is_sts
            for start in prefixes(self.template, _role(entry), entry.display_name, entry.time)
        )

    def _by_key(self, keys: Iterable[str]) -> bool:
        known = {entry.access_key for entry in self._living()}
        known |= {
            record.issued.access_key_id
            for lease, record in self.ledger.by_lease().items()
            if record.issued is not None and lease in (self.live or ())
        }
        return any(key in known or self._digest(key) in known for key in keys)

    def _digest(self, key: str) -> str:
        try:
            return self.digest(key) if self.digest is not None else HASHED
        except VaultError:
            return HASHED

    def _living(self) -> list[AuditIssuance]:
        live = self.live or frozenset()
        return [entry for entry in self.issuances if entry.lease_id in live]

    def _unattributed(self) -> Counter[str]:
        """Live leases by role of which neither the audit log nor the journal tells the user."""
        told = {entry.lease_id for entry in self._living()}
        told |= set(self.ledger.by_lease())
        return Counter(_role_of(lease) for lease in (self.live or ()) if lease not in told)


def live_leases(listed: Callable[[str], Collection[str]], mount: str) -> frozenset[str] | None:
    """The leases that Vault has below the mount; None where it does not tell."""
    try:
        return frozenset(lease for end in ("creds", "sts") for lease in listed(f"{mount}/{end}"))
    except VaultError:
        return None


def _role(entry: AuditIssuance) -> str:
    return entry.path.rsplit("/", 1)[-1]


def _role_of(lease: str) -> str:
    return lease.rsplit("/", 2)[-2]
