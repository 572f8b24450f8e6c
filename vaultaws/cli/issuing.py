"""What `creds`, `exec` and `console` share: what a person wishes for, and getting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import Command, Span, gathered
from vaultaws.model import Credentials, Role, Secret

if TYPE_CHECKING:
    from vaultaws.aws.wait import WaitProgress, WaitReport
    from vaultaws.clock import Clock
    from vaultaws.leases.issue import Handed
    from vaultaws.leases.journal import Journal
    from vaultaws.leases.request import IssueRequest
    from vaultaws.vault.protocol import Vault


@dataclass(frozen=True)
class Wish:
    """What the command line said of the credentials; see the options' help."""

    role: str
    ttl: int | None = None
    role_arn: str = ""
    session_name: str = ""
    mfa_code: Secret | None = None
    policy: str = ""
    via: str | None = None
    no_wait: bool = False
    wait: int | None = None
    regions: tuple[str, ...] = ()


class SecretText(click.ParamType[Secret]):
    """A value that must not be printed by accident."""

    name = "text"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Secret:
        return value if isinstance(value, Secret) else Secret(str(value))


_OPTIONS = (
    click.argument("role"),
    click.option(
        "--ttl", type=Span(), help="How long, e.g. 15m (STS types; an IAM user ignores it)."
    ),
    click.option("--role-arn", default="", help="Which AWS role to assume (assumed_role)."),
    click.option("--session-name", default="", help="Name of the session in AWS (assumed_role)."),
    click.option(
        "--mfa-code",
        type=SecretText(),
        help="MFA code (session_token); others see it in the process list: better be asked.",
    ),
    click.option("--policy", default="", help="Refused: the engine cannot narrow a role's policy."),
    click.option(
        "--via",
        type=click.Choice(["creds", "sts"]),
        help="The engine's path to ask at.  [default: by the role's type]",
    ),
    click.option("--no-wait", is_flag=True, help="Do not wait until AWS accepts a new IAM key."),
    click.option(
        "--wait",
        type=Span(),
        help="How long to wait at most; then the lease is revoked.  [default: 1m]",
    ),
    click.option(
        "--region",
        "regions",
        multiple=True,
        help="Where a new IAM key must be good; may be said again.  [default: your own region]",
    ),
)


def issuing_options(command: Command) -> Command:
    """Give a verb ROLE and the options of an issuance; the function gets one Wish as `wish`."""
    return gathered(command, "wish", Wish, _OPTIONS)


def request_of(wish: Wish, mount: str, progress: output.Progress | None = None) -> IssueRequest:
    """The wish as a request; the MFA code is asked for at the terminal where one is needed.

    `progress` keeps quiet meanwhile. Raises UsageError for a code that is none.
    """
    from vaultaws.leases.parameters import checked_code
    from vaultaws.leases.request import IssueRequest

    def ask(serial_number: str) -> Secret:
        if progress is None:
            return _ask_code(serial_number)
        with progress.paused():
            return _ask_code(serial_number)

    return IssueRequest(
        mount=mount,
        role=wish.role,
        ttl_seconds=wish.ttl,
        sts=None if wish.via is None else wish.via == "sts",
        role_arn=wish.role_arn,
        session_name=wish.session_name,
        mfa_code=checked_code(wish.mfa_code) if wish.mfa_code is not None else None,
        policy=wish.policy,
        code_from=ask,
    )


def _ask_code(serial_number: str) -> Secret:
    from vaultaws.cli.terminal import ask_hidden

    return ask_hidden(
        f"MFA code of {serial_number}: ", instead="run it at a terminal, or give --mfa-code"
    )


@dataclass(frozen=True)
class Given:
    """Credentials ready to be handed over, and how the wait went (None: there was none)."""

    handed: Handed
    report: WaitReport | None

    def waited(self) -> dict[str, float | int | str | None] | None:
        """What was waited, for the JSON format."""
        if self.report is None:
            return None
        return {
            "seconds": round(self.report.seconds, 1),
            "refusals": self.report.refusals,
            "read": self.report.read or None,
        }

    def say_notes(self) -> None:
        """Say on stderr what is otherwise than one may think."""
        for note in self.handed.notes:
            output.say(f"· {note}")


def obtain(vault: Vault, journal: Journal, clock: Clock, wish: Wish, mount: str) -> Given:
    """Issue with progress, and wait until AWS accepts a new IAM key.

    Hand over inside `leases.issue.handing_over`. Raises as `leases.issue.issue` does.
    """
    from vaultaws.leases.issue import issue

    with output.Progress(f"asking for {wish.role}") as progress:
        wait = Wait(progress, clock, wish)
        request = request_of(wish, mount, progress)
        handed = issue(vault, journal, clock, request, None if wish.no_wait else wait)
    return Given(handed, wait.report)


class Wait:
    """The consistency wait as `issue` wants it, with progress shown and the report kept."""

    def __init__(self, progress: output.Progress, clock: Clock, wish: Wish) -> None:
        self._progress = progress
        self._clock = clock
        self._wish = wish
        self.report: WaitReport | None = None

    def __call__(self, credentials: Credentials, role: Role | None) -> None:
        from vaultaws.aws.wait import DEADLINE_SECONDS, wait_until_good
        from vaultaws.leases.reads import allowed_read

        self.report = wait_until_good(
            credentials,
            clock=self._clock,
            regions=self._wish.regions or (None,),
            allowed=allowed_read(role),
            watch=self._watch,
            deadline_seconds=self._wish.wait or DEADLINE_SECONDS,
        )

    def _watch(self, now: WaitProgress) -> None:
        self._progress.update(
            f"new IAM key: {now.name}: {now.in_a_row} of {now.needed} good in a row,"
            f" {now.refusals} refused"
        )
