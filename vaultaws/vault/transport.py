"""One request to the server: it speaks our errors, repeats only what may be repeated, and ends.

Imported with the first request, not before: what lies below it costs milliseconds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

from vaultaws.clock import Clock
from vaultaws.errors import UsageError, VaultError, VaultStandbyError, VaultUnreachableError
from vaultaws.vault import errors, retry, wire
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.freshness import INDEX, Freshness
from vaultaws.vault.pools import Pools, Response

_LARGEST_BODY: Final = 256 * 1024 * 1024
_CHUNK: Final = 256 * 1024
_NAMESPACE: Final = "X-Vault-Namespace"
_LOOKUP_SELF: Final = "auth/token/lookup-self"
_KNOWN_TOKEN: Final = b"1 error occurred"
"""So a denial begins when the token is known and its policies grant too little; of an unknown
token both servers say less, or more (seen on Vault 1.14 and 1.21, OpenBao 2.7)."""
_SECRET_FIELDS: Final = frozenset(
    {
        *("secret_key", "password", "secret_id", "token", "jwt", "client_token", "mfa_code"),
        *("iam_request_headers", "client_nonce"),
    }
)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    body: bytes
    location: str = ""
    retry_after_seconds: float | None = None

    @property
    def document(self) -> object:
        """The body as JSON; None when it is empty or something else."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Transport:
    """Returns an answer's JSON object, or None for an empty one; raises only our errors."""

    def __init__(self, settings: ConnectionSettings, clock: Clock) -> None:
        self._base = "http://localhost" if settings.unix_socket else settings.address
        self._token = settings.token.reveal() if settings.token else ""
        self._settings = settings
        self._clock = clock
        self._pools = Pools(settings)
        self._was_known = False
        self._has_answered = False
        self._freshness = Freshness()

    def close(self) -> None:
        """Close the connections."""
        self._pools.close()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        anonymous: bool = False,
        server_wide: bool = False,
        **options: Any,
    ) -> dict[str, Any] | None:
        """Send one request to `url` (/v1/…). `anonymous` leaves token and namespace out;
        `server_wide` leaves out the namespace alone, for what only the root namespace has.

        Of what hvac's own callers pass besides, `json` and `params` count; an error status always
        raises, whatever they say of `raise_exception`.
        """
        path = url.removeprefix("/v1/").strip("/")
        sent = dict(headers or {}) | self._headers(anonymous=anonymous)
        if server_wide:
            sent.pop(_NAMESPACE, None)
        answer = self._persist(method.upper(), path, sent, options)
        document = answer.document
        if answer.status < 300 and isinstance(document, dict):
            self._was_known = self._was_known or not anonymous
            return document
        if answer.status in {200, 202, 204} and not answer.body.strip():
            return None
        if answer.status < 400:
            raise self._not_vault(answer)
        raise self._refused(method, path, answer, options)

    def _headers(self, *, anonymous: bool) -> dict[str, str]:
        sent = {"X-Vault-Request": "true"}
        if self._token and not anonymous:
            sent["X-Vault-Token"] = self._token
        if self._settings.namespace and not anonymous:
            sent[_NAMESPACE] = _utf8(self._settings.namespace)
        return sent if anonymous else {**sent, **self._freshness.headers}

    def _persist(
        self, method: str, path: str, headers: Mapping[str, str], options: Mapping[str, Any]
    ) -> Answer:
        """Send, and send again while that is allowed and may help."""
        tries = 1 + (self._settings.max_retries if retry.may_repeat(method, path) else 0)
        for attempt in range(1, tries + 1):
            try:
                answer = self._follow(method, path, headers, options)
            except errors.LostAnswerError:
                if attempt == tries:
                    raise
                answer = None
            if answer is not None and (attempt == tries or not self._is_passing(answer)):
                return answer
            after = answer.retry_after_seconds if answer else None
            self._clock.sleep(retry.pause_seconds(attempt, after, random.random()))
        raise AssertionError("the last try returns or raises")

    def _is_passing(self, answer: Answer) -> bool:
        sealed = answer.status == 503 and b"sealed" in answer.body
        return retry.is_passing(answer.status) and not sealed

    def _follow(
        self, method: str, path: str, headers: Mapping[str, str], options: Mapping[str, Any]
    ) -> Answer:
        """Send, following one redirect to the active node with the same method and body.

        A standby that loses the active node while it hands a request on answers with a redirect to
        that node or the next (Vault: http/handler.go, forwardRequest): the request may have been
        done. One that has handed on, or answered, what came before does not redirect otherwise, and
        what mints is not sent again then.
        """
        url = f"{self._base}/v1/{path}"
        answer = self._exchange(method, url, headers, options, path)
        if answer.status not in {301, 302, 307, 308}:
            self._has_answered = True
            return answer
        if self._has_answered and retry.mints(method, path):
            raise wire.lost_behind(self._settings, "it was lost while it had the request")
        target = self._redirect(url, answer.location)
        try:
            answer = self._exchange(method, target, headers, {**options, "params": None}, path)
        except VaultUnreachableError as fault:
            if retry.may_repeat(method, path):
                raise
            raise wire.lost_behind(self._settings, fault.why) from None
        if 300 <= answer.status < 400:
            raise self._lost("it redirects again and again")
        return answer

    def _redirect(self, url: str, location: str) -> str:
        if self._settings.unix_socket:
            raise self._lost("the agent behind the socket redirects elsewhere")
        try:
            target = urljoin(url, location)
            parts = urlsplit(target)
            named = bool(location and parts.hostname) and parts.port != 0
        except ValueError:
            raise self._lost("it redirects to what is no address") from None
        if not named or parts.scheme not in {"http", "https"}:
            raise self._lost("it redirects without saying where to")
        if url.startswith("https:") and parts.scheme == "http":
            raise self._lost("it redirects from https to http, which would show the token")
        return target

    def _lost(self, why: str) -> VaultStandbyError:
        return VaultStandbyError(
            f"the server at {self._settings.address} sends us elsewhere",
            why=why,
            do="point VAULT_ADDR at the active node or the load balancer",
        )

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        options: Mapping[str, Any],
        path: str,
    ) -> Answer:
        deadline = self._clock.monotonic() + self._settings.timeout_seconds
        content = _encoded(options.get("json"))
        if content is not None:
            headers = {**headers, "Content-Type": "application/json"}
        if options.get("params"):
            url = f"{url}?{urlencode(options['params'])}"
        try:
            with self._pools.send(method, url, headers, content) as response:
                self._freshness.hear(response.headers.get(INDEX, ""))
                return Answer(
                    response.status,
                    self._read(response, deadline),
                    location=response.headers.get("Location", ""),
                    retry_after_seconds=wire.retry_after(response.headers.get("Retry-After", "")),
                )
        except (HTTPException, OSError) as fault:
            repeatable = retry.may_repeat(method, path)
            raise wire.to_error(fault, self._settings, repeatable=repeatable) from None

    def _read(self, response: Response, deadline: float) -> bytes:
        """Read the body within its bounds: the time of the whole exchange, and a size."""
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise HTTPException("the answer is too large")
            if self._clock.monotonic() > deadline:
                raise TimeoutError("the answer came too slowly")
        return bytes(body)

    def _not_vault(self, answer: Answer) -> VaultError:
        return VaultUnreachableError(
            f"what answers at {self._settings.address} is not a Vault or OpenBao server",
            why=f"it answered HTTP {answer.status} without the JSON they send",
            do="check VAULT_ADDR",
        )

    def _refused(
        self, method: str, path: str, answer: Answer, options: Mapping[str, Any]
    ) -> VaultError:
        document = answer.document
        if b"HTTP request to an HTTPS server" in answer.body:
            return wire.needs_https(self._settings.address)
        if not isinstance(document, dict) and answer.status not in {429, 502, 503, 504, 472, 473}:
            return self._not_vault(answer)
        refusal = errors.Refusal(
            status=answer.status,
            method=method.upper(),
            path=path,
            address=self._settings.address,
            sentences=errors.sentences_of(document, self._secrets_in(options)),
            retry_after_seconds=answer.retry_after_seconds,
        )
        state = errors.TokenState.UNKNOWN
        if errors.is_denied(refusal):
            self._was_known = self._was_known or _KNOWN_TOKEN in answer.body
            state = self._token_state(path)
            if state is errors.TokenState.INVALID and self._was_known and path != _LOOKUP_SELF:
                state = errors.TokenState.SPENT
        return errors.to_error(refusal, state)

    def _secrets_in(self, options: Mapping[str, Any]) -> list[str]:
        body = options.get("json") or {}
        held = [value for key, value in body.items() if key in _SECRET_FIELDS]
        return [value for value in (self._token, *held) if isinstance(value, str) and value]

    def _token_state(self, path: str) -> errors.TokenState:
        """After a denial, ask once whether the token itself is good. One without the policy
        `default` may not even ask that, and is known all the same."""
        if path == _LOOKUP_SELF or (path.startswith("auth/") and "/login" in path):
            return errors.TokenState.INVALID if self._token else errors.TokenState.ABSENT
        if not self._token:
            return errors.TokenState.ABSENT
        url = f"{self._base}/v1/{_LOOKUP_SELF}"
        try:
            answer = self._exchange("GET", url, self._headers(anonymous=False), {}, _LOOKUP_SELF)
        except VaultError:
            return errors.TokenState.UNKNOWN
        if answer.status == 403 and _KNOWN_TOKEN in answer.body:
            return errors.TokenState.VALID
        known = {200: errors.TokenState.VALID, 403: errors.TokenState.INVALID}
        return known.get(answer.status, errors.TokenState.UNKNOWN)


def _utf8(text: str) -> str:
    """The text so that UTF-8 is sent, as Vault's client does: Python writes a header in Latin-1."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _encoded(said: object) -> bytes | None:
    """JSON in UTF-8. Vault 1.21 takes two keys whose characters are escaped in pairs for one.

    Raises UsageError for what no server can keep: half a character.
    """
    if said is None:
        return None
    try:
        return json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError as fault:
        raise UsageError(
            "a value holds bytes that are not text",
            why=f"it is not UTF-8 at character {fault.start + 1} of the request; nothing was sent",
            do="write it in UTF-8 (see the locale: LANG, LC_ALL)",
        ) from None
