"""What becomes of a code when the call it was spent on goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stage import StoppedClock
from vaultaws.aws.errors import AwsUnreachableError
from vaultaws.aws.sts import Proof
from vaultaws.errors import AwsError, LocalStateError
from vaultaws.mfa.codes import Given
from vaultaws.mfa.proving import Prover
from vaultaws.mfa.used import UsedCodes
from vaultaws.model import Secret

SERIAL = "arn:aws:iam::123456789012:mfa/ada"
CODE = Secret("123456")


@pytest.mark.parametrize(
    ("fault", "remembered"),
    [
        (LocalStateError("not written", why="the disk is full", do="make room"), True),
        (KeyboardInterrupt(), True),
        (AwsUnreachableError("no answer", why="the line broke", do="try again"), True),
        (AwsError("refused", why="no such device", do="name another", code="AccessDenied"), False),
    ],
)
def test_a_code_that_may_have_been_taken_is_not_sent_again(
    tmp_path: Path, fault: BaseException, remembered: bool
) -> None:
    used = UsedCodes(tmp_path / "mfa", StoppedClock())

    def call(_: Proof) -> None:
        raise fault

    with pytest.raises(type(fault)):
        Prover(used, lambda _: Given((CODE,))).once(SERIAL, call, lambda: None)
    with used.turn(SERIAL) as turn:
        assert turn.was_used(CODE) is remembered
