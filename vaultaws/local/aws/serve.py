"""A local AWS as a server: `LocalAws` in this process, `vaultaws.local.aws` as its own."""

from __future__ import annotations

import errno
import json
import secrets
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from moto.iam.models import AccessKey

from vaultaws.errors import StackError
from vaultaws.local.aws import ids, sts
from vaultaws.local.aws.app import Gate, Neighbours
from vaultaws.local.aws.authentication import Authentication
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.http11 import Server
from vaultaws.local.aws.keys import Keys
from vaultaws.local.aws.moto_door import LOCK, Moto
from vaultaws.local.aws.settings import LocalAwsSettings
from vaultaws.local.aws.surroundings import surroundings
from vaultaws.model import Credentials, Secret

ADMIN: Final = "admin"


class Everyone:
    def authorise(self, call: Call, caller: Caller) -> None:
        del call, caller


class LocalAws:
    """An AWS account on 127.0.0.1. Use it as a context manager.

    `control` moves its clock and changes its settings; `control_token` opens the same over HTTP.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        account_id: str = "",
        region: str = "eu-west-2",
        settings: LocalAwsSettings | None = None,
        log_directory: Path | None = None,
        seed: int | None = None,
    ) -> None:
        self.account_id = account_id or ids.new_account()
        self.region = region
        self.control_token = Secret(secrets.token_urlsafe(32))
        self._moto = Moto(self.account_id)
        self._around = surroundings(
            self.account_id,
            self.control_token,
            settings=settings,
            log_directory=log_directory,
            seed=seed,
        )
        parts = self._around.parts
        self.clock = parts.clock
        self.control = self._around.control
        self._keys = Keys(self._moto, parts.propagation)
        around = Neighbours(
            clock=self.clock,
            faults=parts.faults,
            recorder=parts.recorder,
            authoriser=Everyone(),
            handlers={
                ("sts", "GetCallerIdentity"): sts.get_caller_identity,
                **self._around.handlers,
            },
            control=self._around.control_app,
        )
        gate = Gate(self._moto, Authentication(self._keys, self.clock), around)
        try:
            self._server = Server(("127.0.0.1", port), gate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise StackError(
                f"the local AWS cannot listen on port {port}",
                why="another program listens there",
                do="choose another port, or 0 for a free one",
            ) from error
        self.admin = self._make_admin()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _make_admin(self) -> Credentials:
        document = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            }
        )
        with LOCK:
            iam = self._moto.iam
            user = iam.create_user(self.region, ADMIN)
            user.id = ids.new_id(ids.USER, self.account_id)
            user.put_policy("AdministratorAccess", document)
            key = AccessKey(ADMIN, ids.LONG_TERM_KEY, self.account_id)
            key.access_key_id = ids.new_id(ids.LONG_TERM_KEY, self.account_id)
            key.secret_access_key = ids.new_secret()
            user.access_keys.append(key)
            iam.access_keys[key.access_key_id] = key
        return Credentials(key.access_key_id, Secret(key.secret_access_key))

    def __enter__(self) -> Self:
        self._thread.start()
        self._around.loop.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._around.loop.stop()
        self._server.shutdown()
        self._server.server_close()
        self._moto.forget()
