"""From a wish to credentials in hand, with no lease left behind on any way out.

intent → refuse what cannot work → ask → journal → wait until AWS honours the key → hand over
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import VaultawsError, VaultDeniedError, VaultError, VaultStandbyError
from vaultaws.leases import parameters, person, rules
from vaultaws.leases.ending import end_lease
from vaultaws.leases.entries import Intent, Step
from vaultaws.leases.journal import Journal
from vaultaws.leases.request import IssueRequest
from vaultaws.model import Credentials, CredentialType, Issued, Role, TokenInfo
from vaultaws.vault.errors import LostAnswerError
from vaultaws.vault.protocol import Vault

LATE_ANSWER_SECONDS: Final = 60.0
_UNANSWERED: Final = "Vault has not answered: a lease may exist; the journal remembers"

Waiter = Callable[[Credentials, Role | None], object]
"""Returns when AWS honours the credentials; raises WaitTimeoutError when it takes too long. The
role is None when the token may not read it."""


@dataclass(frozen=True)
class Handed:
    """Credentials ready to be handed over; see `handing_over`.

    `person` is who Vault says is asking, empty when the token may not look itself up.
    `waited_seconds` is None when nothing was waited for. `ends_unforeseen` is true for an IAM user
    that goes with the last use of a Vault token that is good for a few.
    """

    intent: Intent
    issued: Issued
    person: str = ""
    credential_type: CredentialType | None = None
    waited_seconds: float | None = None
    notes: tuple[str, ...] = ()
    ends_unforeseen: bool = False


def issue(
    vault: Vault,
    journal: Journal,
    clock: Clock,
    request: IssueRequest,
    wait: Waiter | None = None,
) -> Handed:
    """Issue credentials and wait until they are good.

    `wait` is used for IAM users only: STS tokens are good at once. Whatever goes wrong after
    Vault was asked, an interrupt included, the lease is revoked before the error goes on.
    Raises VaultError and its kin, ConfigError and UsageError for what cannot work,
    LocalStateError when the journal cannot be written (then nothing is issued),
    WaitTimeoutError when AWS takes too long.
    """
    token, role = _look(vault, request)
    notes = rules.check(role, request)
    request = _with_code(request, role)
    sts = request.uses_sts(role)
    intent = journal.intend(
        server=vault.address,
        namespace=vault.namespace,
        mount=request.mount,
        role=request.role,
        endpoint="sts" if sts else "creds",
        ttl_seconds=request.ttl_seconds,
        token=token,
    )
    asking = _Asking(vault, journal, intent)
    try:
        with parameters.explained(request):
            issued = asking.ask(request, sts=sts)
        journal.issued(intent, issued)
        waited = _waited(clock, wait, issued, role)
    except BaseException as error:
        asking.take_back(error)
        raise
    return Handed(
        intent=intent,
        issued=_with_its_end(issued, token),
        person=person.readable(token.display_name, entity_id=token.entity_id) if token else "",
        credential_type=request.type_of(role) if role else None,
        waited_seconds=waited,
        notes=(
            *notes,
            *rules.life_notes(role, request, issued),
            *(rules.parent_notes(token, issued) if token else ()),
        ),
        ends_unforeseen=bool(token and token.uses_left) and not issued.credentials.session_token,
    )


@contextlib.contextmanager
def handing_over(vault: Vault, journal: Journal, handed: Handed) -> Iterator[Handed]:
    """Hand over inside the block: journalled when it ends well, revoked when it does not."""
    asking = _Asking(vault, journal, handed.intent, handed.issued)
    try:
        yield handed
        journal.mark(handed.intent.id, Step.HANDED_OVER)
    except BaseException as error:
        asking.take_back(error)
        raise


def give_back(vault: Vault, journal: Journal, handed: Handed) -> None:
    """End what was handed over, when its holder is done with it. Raises VaultError."""
    end_lease(vault, journal.clock, handed.issued.lease.id)
    journal.mark(handed.intent.id, Step.REVOKED)


class _Asking:
    """One request to Vault, made in a thread: an interrupt ends our wait, never the answer."""

    def __init__(
        self,
        vault: Vault,
        journal: Journal,
        intent: Intent,
        issued: Issued | None = None,
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._intent = intent
        self._answer: Future[Issued] = Future()
        if issued:
            self._answer.set_result(issued)

    def ask(self, request: IssueRequest, *, sts: bool) -> Issued:
        threading.Thread(target=self._run, args=(request, sts), name="issue", daemon=True).start()
        return self._answer.result()

    def _run(self, request: IssueRequest, sts: bool) -> None:
        if not self._answer.set_running_or_notify_cancel():
            return  # taken back before Vault was asked
        try:
            answer = self._vault.issue(
                request.mount,
                request.role,
                sts=sts,
                ttl_seconds=request.ttl_seconds,
                role_arn=request.role_arn,
                session_name=request.session_name,
                mfa_code=request.mfa_code,
            )
        except BaseException as error:  # noqa: BLE001  (it is raised where the answer is awaited)
            self._answer.set_exception(error)
        else:
            self._answer.set_result(answer)

    def take_back(self, error: BaseException) -> None:
        """Revoke what Vault answered, also when the answer is still on its way.

        What cannot be revoked now stays open in the journal and is named in a note on `error`.
        """
        if self._answer.cancel():
            self._close(Step.REFUSED)
            return
        try:
            issued = self._answer.result(timeout=LATE_ANSWER_SECONDS)
        except FutureTimeoutError:
            error.add_note(_UNANSWERED)
            return
        except BaseException as refusal:  # noqa: BLE001  (whatever the thread met; the first error goes on)
            if is_certain_no(refusal):
                self._close(Step.REFUSED)
            elif refusal is not error:
                error.add_note(_UNANSWERED)
            return
        try:
            end_lease(self._vault, self._journal.clock, issued.lease.id)
        except VaultawsError as failure:
            error.add_note(f"lease {issued.lease.id} could not be revoked: {failure.why}")
        else:
            error.add_note(f"lease {issued.lease.id} was revoked")
            self._close(Step.REVOKED)

    def _close(self, step: Step) -> None:
        """A journal that cannot be written leaves the intent open: the next run looks again."""
        with contextlib.suppress(VaultawsError):
            self._journal.mark(self._intent.id, step)


def is_certain_no(error: BaseException) -> bool:
    """True when the error tells that Vault issued nothing.

    A lost answer or a failure inside the server (a plain VaultError) leaves it open. So does a
    standby that knows of no active node: it may have handed the request to the one that was lost.
    """
    if isinstance(error, (LostAnswerError, VaultStandbyError)):
        return False
    if not isinstance(error, VaultawsError):
        return False
    return type(error) is not VaultError


def _with_code(request: IssueRequest, role: Role | None) -> IssueRequest:
    """The request with a person's MFA code, where the role needs one and none was given."""
    if role is None or request.mfa_code is not None or not parameters.needs_code(role, request):
        return request
    if request.code_from is None:
        raise parameters.code_missing(role)
    code = request.code_from(role.mfa_serial_number)
    return replace(request, mfa_code=parameters.checked_code(code))


def _waited(clock: Clock, wait: Waiter | None, issued: Issued, role: Role | None) -> float | None:
    if wait is None or issued.credentials.session_token is not None:
        return None
    started = clock.monotonic()
    wait(issued.credentials, role)
    return clock.monotonic() - started


def _with_its_end(issued: Issued, token: TokenInfo | None) -> Issued:
    """An IAM user's lease ends with the token that asked for it, if not before."""
    end, last = issued.lease.expires_at, token.expires_at if token else None
    if issued.credentials.session_token is not None or end is None or last is None or end <= last:
        return issued
    return replace(issued, lease=replace(issued.lease, expires_at=last))


def _look(vault: Vault, request: IssueRequest) -> tuple[TokenInfo | None, Role | None]:
    """Ask who asks and for which role, at the same time: elsewhere a round trip is the cost."""
    role: Future[Role | None] = Future()

    def read() -> None:
        try:
            role.set_result(_role(vault, request))
        except BaseException as error:  # noqa: BLE001  (it is raised where the role is awaited)
            role.set_exception(error)

    threading.Thread(target=read, name="role", daemon=True).start()
    return _whoami(vault), role.result()


def _whoami(vault: Vault) -> TokenInfo | None:
    try:
        return vault.whoami()
    except VaultDeniedError:
        return None  # a bad token fails at issuance; a narrow one may still issue


def _role(vault: Vault, request: IssueRequest) -> Role | None:
    try:
        return vault.read_role(request.mount, request.role)
    except VaultDeniedError:
        return None
