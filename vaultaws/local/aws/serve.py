"""A local AWS account as a server in this process."""

from __future__ import annotations

import errno
import json
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from vaultaws.errors import StackError
from vaultaws.local.aws import ids
from vaultaws.local.aws.app import Gate, Neighbours
from vaultaws.local.aws.authentication import Authentication
from vaultaws.local.aws.authorisation import PolicyAuthoriser
from vaultaws.local.aws.call import Caller, CallerKind
from vaultaws.local.aws.cfn.service import CloudFormation
from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.control import Control
from vaultaws.local.aws.federation import Federation
from vaultaws.local.aws.http11 import Server
from vaultaws.local.aws.iam.access_keys import make_key
from vaultaws.local.aws.iam.holdings import PolicyBook
from vaultaws.local.aws.iam.observed import Observer
from vaultaws.local.aws.iam.service import Iam
from vaultaws.local.aws.iam.simulate import Simulation
from vaultaws.local.aws.iam.state import State
from vaultaws.local.aws.keys import Keys
from vaultaws.local.aws.mfa import Codes
from vaultaws.local.aws.moto_door import LOCK, Moto
from vaultaws.local.aws.settings import LocalAwsSettings
from vaultaws.local.aws.sts import Sts
from vaultaws.local.aws.surroundings import Surroundings, surroundings
from vaultaws.model import Credentials, Secret

HOST: Final = "127.0.0.1"
ADMIN: Final = "admin"
DEFAULT_REGION: Final = "eu-west-2"
WARMED: Final = ("ec2", "s3", "cloudtrail")
_ADMINISTRATOR: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class LocalAws:
    """An AWS account on 127.0.0.1, with one administrator. Use it as a context manager.

    `log_directory` receives CloudTrail's log files; `seed` repeats jitter and faults. Raises
    StackError when `port` is taken.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        account_id: str = "",
        region: str = DEFAULT_REGION,
        settings: LocalAwsSettings | None = None,
        log_directory: Path | None = None,
        seed: int | None = None,
        clock: MovableClock | None = None,
    ) -> None:
        self.account_id = account_id or ids.new_account()
        self.region = region
        self.control_token = Secret(secrets.token_urlsafe(32))
        self._around = surroundings(
            self.account_id,
            self.control_token,
            settings=settings,
            log_directory=log_directory,
            seed=seed,
            clock=clock,
        )
        self._account = _account(self.account_id, self._around)
        self._server = _listening(port, self._account.gate, self.clock)
        self.admin = self._make_admin()
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def control(self) -> Control:
        """The hands on time, delays, faults and log files."""
        return self._around.control

    @property
    def clock(self) -> MovableClock:
        return self._around.parts.clock

    @property
    def session_count(self) -> int:
        """How many STS sessions are remembered."""
        return self._account.keys.session_count

    def _make_admin(self) -> Credentials:
        state = self._account.state
        with LOCK:
            user = state.backend.create_user("us-east-1", ADMIN)
            user.id, user.create_date = state.new_id(ids.USER), state.naive_now()
            user.policies["AdministratorAccess"] = json.dumps(_ADMINISTRATOR)
            key = make_key(state, user)
        return Credentials(key.access_key_id, Secret(key.secret_access_key))

    def make_root_key(self) -> Credentials:
        """An access key of the account's root user, which no policy binds."""
        key_id, secret = ids.new_id(ids.LONG_TERM_KEY, self.account_id), Secret(ids.new_secret())
        arn = f"arn:aws:iam::{self.account_id}:root"
        root = Caller(CallerKind.ROOT, self.account_id, arn, self.account_id, key_id)
        self._account.keys.add_root(root, secret)
        return Credentials(key_id, secret)

    def warm(self) -> None:
        """Load the services whose first call is slow; in a thread, beside the first requests."""
        threading.Thread(
            target=self._account.moto.warm, args=(WARMED, self.region), daemon=True
        ).start()

    def start(self) -> None:
        self._thread.start()
        self._around.loop.start()

    def stop(self) -> None:
        """Stop answering, deliver what is due, and forget the account."""
        self._server.shutdown()
        self._server.server_close()
        self._account.stacks.close()
        self._around.loop.stop()
        self._account.moto.forget()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class _Account:
    moto: Moto
    state: State
    keys: Keys
    gate: Gate
    stacks: CloudFormation


def _account(account_id: str, around: Surroundings) -> _Account:
    """Wire the gate of one account."""
    clock, propagation = around.parts.clock, around.parts.propagation
    moto = Moto(account_id)
    state = State(moto, clock)
    keys = Keys(moto, propagation)
    codes = Codes(clock)
    iam = Iam(state, Observer(state, keys, propagation), codes)
    sts = Sts(state, keys, codes)
    book = PolicyBook(state, propagation)
    stacks = CloudFormation(account_id, clock)
    neighbours = Neighbours(
        clock=clock,
        faults=around.parts.faults,
        recorder=around.parts.recorder,
        authoriser=PolicyAuthoriser(state, book),
        handlers={
            **iam.handlers(),
            **Simulation(state, book).handlers(),
            **sts.handlers(),
            **stacks.handlers(),
            **around.handlers,
        },
        control=around.control_app,
        federation=Federation(keys, clock),
        iam=iam,
    )
    gate = Gate(moto, Authentication(keys, clock), neighbours)
    stacks.serve_through(gate)
    return _Account(moto, state, keys, gate, stacks)


def _listening(port: int, gate: Gate, clock: MovableClock) -> Server:
    try:
        return Server((HOST, port), gate, now=lambda: clock.now().timestamp())
    except (OSError, OverflowError) as error:
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        raise StackError(
            f"the local AWS cannot listen on port {port}",
            why="another program listens there" if taken else str(error),
            do="choose another port, or 0 for a free one",
        ) from error
