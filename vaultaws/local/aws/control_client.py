"""A client of the control path, for tests and the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from vaultaws.errors import StackError
from vaultaws.local.aws.control_http import TOKEN_HEADER
from vaultaws.local.aws.hooks import CONTROL_PREFIX
from vaultaws.model import Secret

TIMEOUT_SECONDS: Final = 10.0


class ControlClient:
    """Talks to the local AWS at `endpoint`. Every method raises StackError when it cannot, with
    the server's own sentences where it said no."""

    def __init__(self, endpoint: str, token: Secret) -> None:
        self._root = endpoint.rstrip("/") + CONTROL_PREFIX
        self._token = token

    def health(self) -> dict[str, Any]:
        return self._ask("GET", "health")

    def stats(self) -> dict[str, Any]:
        return self._ask("GET", "stats")

    def settings(self) -> dict[str, Any]:
        return self._ask("GET", "settings")

    def configure(self, **changes: Any) -> dict[str, Any]:
        """Change some settings; the answer is all of them."""
        return self._ask("POST", "settings", changes)

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward; the answer is the new time."""
        answer = self._ask("POST", "clock", {"advance_seconds": seconds})
        return datetime.fromisoformat(answer["now"])

    def set_clock(self, to: datetime) -> datetime:
        answer = self._ask("POST", "clock", {"set": to.isoformat()})
        return datetime.fromisoformat(answer["now"])

    def fail_next(
        self, kind: str, *, service: str = "", operation: str = "", times: int = 1
    ) -> None:
        """Make the next `times` matching calls fail: throttle, internal or unavailable."""
        body = {"kind": kind, "service": service, "operation": operation, "times": times}
        self._ask("POST", "faults", body)

    def flush(self) -> int:
        """Write the log files now; the number of files."""
        return int(self._ask("POST", "flush", {})["files"])

    def _ask(self, method: str, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        import requests

        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy between us and this machine
                answer = session.request(
                    method,
                    self._root + name,
                    json=body,
                    headers={TOKEN_HEADER: self._token.reveal()},
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            said = answer.json()
        except (requests.RequestException, ValueError) as fault:
            raise self._failed(name, type(fault).__name__) from None
        if answer.status_code != 200 or not isinstance(said, dict):
            raise self._failed(name, _sentences(said))
        return said

    def _failed(self, name: str, why: str) -> StackError:
        return StackError(
            f"the local AWS did not take the request {name}",
            why=why,
            do="run `vaultaws status`, and `vaultaws up` if it is not running",
        )


def _sentences(said: Any) -> str:
    faults = said.get("errors") if isinstance(said, dict) else None
    return "; ".join(map(str, faults)) if isinstance(faults, list) else "The answer was not ours."
