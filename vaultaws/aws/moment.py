"""AWS's own time, and who asks it.

A deny by aws:TokenIssueTime compares times of AWS. A moment of this machine's clock, when that is
behind, leaves tokens alive; when it is ahead, it denies new ones. Every answer of AWS says its time
in whole seconds (the Date header, RFC 9110).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client, default_region
from vaultaws.clock import Clock
from vaultaws.model import Credentials, Principal

SECOND: Final = timedelta(seconds=1)
ANYWHERE: Final = "us-east-1"
"""Asked where no region is set: the time is the same everywhere."""


@dataclass(frozen=True)
class Answered:
    """Who asked, and AWS's time when it answered, down to the whole second."""

    caller: Principal
    at: datetime


def ask_time(
    clock: Clock, credentials: Credentials | None = None, region: str | None = None
) -> Answered:
    """Ask AWS for its time. Where its answer has none, this machine's stands in.

    Raises AwsError; its `why` tells how far this machine's clock is off, where AWS refuses for it.
    """
    where = region or default_region() or ANYWHERE
    sts = client("sts", credentials=credentials, region=where)
    with translated("say the time"):
        answer = sts.get_caller_identity()
    caller = Principal(account=answer["Account"], arn=answer["Arn"], user_id=answer["UserId"])
    return Answered(caller, time_of(answer) or clock.now().replace(microsecond=0))


def time_of(answer: Any) -> datetime | None:
    """The time in the head of an answer that botocore gave; None without one."""
    headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    try:
        said = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)


def after(at: datetime) -> datetime:
    """The first whole second whose deny covers every token issued until `at`.

    AWS writes issue times in whole seconds, rounded down, and so is the time in its answers.
    """
    return at.replace(microsecond=0) + SECOND
