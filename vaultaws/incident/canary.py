"""Canaries: a credential of each kind, issued before the cut, whose death proves that of its kind.

What a canary may do is found out by trying the harmless reads of `leases.reads`; never
GetCallerIdentity, which AWS answers under every deny. Its set waits in a keyring
(`incident.keeper`); the journal of the case gets names and times alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from vaultaws.aws.actions import Action, Attempt, attempt_with
from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.aws.errors import DENIED, EXPIRED, UNKNOWN_KEY
from vaultaws.aws.identity import caller_identity
from vaultaws.aws.wait import DEADLINE_SECONDS, wait_until_good
from vaultaws.cache.entry import Entry
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultDeniedError
from vaultaws.incident.keeper import Keeper
from vaultaws.incident.model import Evidence, Place, Step
from vaultaws.leases.issue import handing_over
from vaultaws.leases.issue import issue as issue_set
from vaultaws.leases.journal import Journal
from vaultaws.leases.reads import READS, allowed_read
from vaultaws.leases.request import IssueRequest
from vaultaws.leases.words import iso
from vaultaws.model import Credentials, CredentialType, Issued, Role
from vaultaws.vault.protocol import Vault

LONGEST: Final = timedelta(hours=12)
"""How long a canary without a known end is kept."""
_NOISY_TRIES: Final = 4
_SAYS_NO: Final = DENIED | EXPIRED | UNKNOWN_KEY
_PAUSE_SECONDS: Final = 1.0
_ROUND_PAUSE_SECONDS: Final = 2.0

Trier = Callable[[Action], Attempt]
"""Prepares tries of an action with the canary's credentials."""


@dataclass(frozen=True)
class Canary:
    """A canary in hand. `holder` is the principal whose deny kills it, None for an IAM user."""

    credentials: Credentials
    action: Action
    role: str
    kind: CredentialType
    holder: Holder | None
    lease_id: str
    user: str
    issued_at: datetime
    ends_at: datetime


def issue(
    vault: Vault,
    place: Place,
    step: Step,
    *,
    keeper: Keeper,
    journal: Journal,
    clock: Clock,
    region: str | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
    asked: Callable[[], None] = lambda: None,
) -> Evidence:
    """Issue the canary of a CANARY step, find what it may do, keep it; return what to journal.

    A step whose canary is kept already is answered from there. An IAM user's key is waited for,
    up to `deadline_seconds`; `asked` is called before that, when Vault has answered.
    Whatever goes wrong, the lease is revoked before the error goes on: VaultError and AwsError,
    UsageError and ConfigError for a role that cannot be asked like this, WaitTimeoutError,
    LocalStateError.
    """
    found = load(keeper, step)
    if found is not None:
        asked()
        return evidence_of(found)
    role = _role(vault, place.mount, str(step.settings["role"]))
    request = _request(place, step, role)
    with handing_over(vault, journal, issue_set(vault, journal, clock, request)) as handed:
        asked()
        issued = handed.issued
        action = learn(issued.credentials, role, clock, region, deadline_seconds)
        kept = _canary(step, issued, action, clock.now(), region)
        where = keeper.keep(step.id, _entry(kept))
    return {**evidence_of(kept), "kept_in": where}


def load(keeper: Keeper, step: Step) -> Canary | None:
    """Return the canary of a step while it lives and this machine still has it."""
    entry = keeper.load(step.id)
    return _of_entry(entry) if entry is not None else None


def evidence_of(canary: Canary) -> Evidence:
    """What the journal may know of a canary."""
    holder = canary.holder
    return {
        "access_key_id": canary.credentials.access_key_id,
        "lease_id": canary.lease_id,
        "role": canary.role,
        "kind": canary.kind.value,
        "holder_kind": holder.kind.value if holder else "",
        "holder_name": holder.name if holder else "",
        "user": canary.user,
        "action": str(canary.action),
        "issued_at": iso(canary.issued_at),
        "ends_at": iso(canary.ends_at),
    }


def learn(
    credentials: Credentials,
    role: Role | None,
    clock: Clock,
    region: str | None,
    deadline_seconds: float,
) -> Action:
    """Find a read that AWS allows these credentials. Raises AwsError when there is none.

    A token is asked once around; a new key of an IAM user again and again until the deadline,
    since its policies reach AWS's front ends late.
    """
    started, sure = clock.monotonic(), _sure(role)
    is_user = credentials.session_token is None
    if is_user:
        report = wait_until_good(
            credentials,
            clock=clock,
            regions=(region,),
            allowed=sure,
            deadline_seconds=deadline_seconds,
        )
        if sure is not None and report.read:
            return sure
    while True:
        found = first_allowed(
            lambda action: attempt_with(credentials, action, region), reads_for(role), clock
        )
        spent = clock.monotonic() - started
        if found is not None:
            return found
        if not is_user or spent + _ROUND_PAUSE_SECONDS > deadline_seconds:
            raise _nothing_allowed(role)
        clock.sleep(_ROUND_PAUSE_SECONDS)


def reads_for(role: Role | None) -> tuple[Action, ...]:
    """The harmless reads, the one that the role's own policy allows for certain first."""
    sure = _sure(role)
    others = (action for action in READS.values() if action != sure)
    return (sure, *others) if sure is not None else tuple(others)


def first_allowed(prepare: Trier, actions: Iterable[Action], clock: Clock) -> Action | None:
    """Return the first action that AWS allows. A throttle or failure is asked again a few times."""
    for action in actions:
        attempt = prepare(action)
        for _ in range(_NOISY_TRIES):
            refusal = attempt()
            if refusal is None:
                return action
            if refusal.code in _SAYS_NO:
                break
            clock.sleep(_PAUSE_SECONDS)
    return None


def _sure(role: Role | None) -> Action | None:
    """What the role's own policy allows, seen as an IAM user's: the same bounds a token."""
    if role is None:
        return None
    return allowed_read(replace(role, credential_type=CredentialType.IAM_USER))


def _nothing_allowed(role: Role | None) -> AwsError:
    named = f"role {role.name}" if role else "the role"
    return AwsError(
        f"{named} gives no canary",
        why=f"AWS allows it none of {len(READS)} reads that change nothing",
        do="its credentials cannot be proved dead by trying: their ends and IAM tell instead",
    )


def _role(vault: Vault, mount: str, name: str) -> Role | None:
    try:
        return vault.read_role(mount, name)
    except VaultDeniedError:
        return None


def _request(place: Place, step: Step, role: Role | None) -> IssueRequest:
    """What is asked of Vault. Of several AWS roles the one that carries the deny is assumed."""
    name = str(step.settings["role"])
    arn = ""
    if role is not None and role.credential_type is CredentialType.ASSUMED_ROLE:
        wanted = step.settings.get("holder_name", "")
        arn = next((each for each in role.role_arns if each.rsplit("/", 1)[-1] == wanted), "")
    return IssueRequest(place.mount, name, role_arn=arn)


def _canary(
    step: Step, issued: Issued, action: Action, now: datetime, region: str | None
) -> Canary:
    credentials = issued.credentials
    is_user = credentials.session_token is None
    begun = issued.lease.issued_at or now
    ends = issued.lease.expires_at if is_user else credentials.expires_at
    kind, holder_name = str(step.settings["kind"]), str(step.settings.get("holder_name", ""))
    arn = caller_identity(credentials, region).arn if is_user else ""
    return Canary(
        credentials=credentials,
        action=action,
        role=issued.role,
        kind=CredentialType(kind),
        holder=_holder(str(step.settings.get("holder_kind", "")), holder_name),
        lease_id=issued.lease.id,
        user=arn.rsplit("/", 1)[-1],
        issued_at=begun,
        ends_at=min(ends or begun + LONGEST, begun + LONGEST),
    )


def _entry(canary: Canary) -> Entry:
    keys, holder = canary.credentials, canary.holder
    return Entry(
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        session_token=keys.session_token,
        issued_at=canary.issued_at.timestamp(),
        expires_at=canary.ends_at.timestamp(),
        lease_id=canary.lease_id,
        role=canary.role,
        extra={
            "action": str(canary.action),
            "kind": canary.kind.value,
            "holder_kind": holder.kind.value if holder else "",
            "holder_name": holder.name if holder else "",
            "user": canary.user,
        },
    )


def _of_entry(entry: Entry) -> Canary | None:
    said = entry.extra
    actions = {str(action): action for action in READS.values()}
    action = actions.get(said.get("action", ""))
    if action is None or entry.expires_at is None:
        return None
    ends = datetime.fromtimestamp(entry.expires_at, UTC)
    token = entry.session_token
    return Canary(
        credentials=Credentials(
            entry.access_key_id, entry.secret_access_key, token, ends if token else None
        ),
        action=action,
        role=entry.role,
        kind=CredentialType(said["kind"]),
        holder=_holder(said["holder_kind"], said["holder_name"]),
        lease_id=entry.lease_id,
        user=said["user"],
        issued_at=datetime.fromtimestamp(entry.issued_at, UTC),
        ends_at=ends,
    )


def _holder(kind: str, name: str) -> Holder | None:
    return Holder(HolderKind(kind), name) if kind and name else None
