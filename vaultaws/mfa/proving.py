"""One call to AWS with a code: the device is ours meanwhile, and its code is remembered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from vaultaws.aws.errors import AwsUnreachableError
from vaultaws.aws.sts import Proof
from vaultaws.errors import AwsError, LocalStateError
from vaultaws.mfa.codes import Source
from vaultaws.mfa.used import Turn, UsedCodes
from vaultaws.model import Secret

T = TypeVar("T")
SourceOf = Callable[[str], Source]
"""Where the codes of a device come from, by its serial number."""


class Prover:
    """Gets codes and spends them."""

    def __init__(self, used: UsedCodes, source_of: SourceOf) -> None:
        self._used = used
        self._source_of = source_of

    def once(self, serial: str, call: Callable[[Proof], T], found: Callable[[], T | None]) -> T:
        """Make a call with a code of the device. Raises what the call does.

        When the device has become ours, `found` may know that another run did the work.
        """
        with self._used.turn(serial) as turn:
            known = found()
            if known is not None:
                return known
            code = self._source_of(serial).one(turn)
            return self._spent(turn, (code,), lambda: call(Proof(serial, code)))

    def twice(self, serial: str, call: Callable[[tuple[Secret, Secret]], T]) -> T:
        """Make a call with two codes in a row."""
        with self._used.turn(serial) as turn:
            codes = self._source_of(serial).pair(turn)
            return self._spent(turn, codes, lambda: call(codes))

    def _spent(self, turn: Turn, codes: tuple[Secret, ...], call: Callable[[], T]) -> T:
        """A code is spent unless AWS answers no: also when what AWS gave could not be kept."""
        try:
            result = call()
        except BaseException as fault:
            if not isinstance(fault, AwsError) or isinstance(fault, AwsUnreachableError):
                _record(turn, codes)
            raise
        _record(turn, codes)
        return result


def _record(turn: Turn, codes: tuple[Secret, ...]) -> None:
    """A memory that cannot be written costs a refused code later, not the session now."""
    with suppress(LocalStateError, OSError):
        turn.record(*codes)
