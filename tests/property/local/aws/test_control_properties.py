"""Whatever is sent to the control path, it answers in JSON and its settings stay in range."""

from __future__ import annotations

import io
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

from hypothesis import given
from hypothesis import strategies as st

from tests.support.local_parts import some_control
from vaultaws.local.aws.control_http import ControlApp
from vaultaws.local.aws.settings import LocalAwsSettings, SettingsError
from vaultaws.model import Secret

TOKEN = Secret("made-up-token")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["health", "stats", "settings", "clock", "faults", "flush", "", "x"])
SETTING_NAMES = st.sampled_from(list(LocalAwsSettings().as_json()))


def send(app: ControlApp, method: str, path: str, body: bytes, **fields: str) -> tuple[int, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "HTTP_HOST": "localhost",
        "HTTP_X_VAULTAWS_TOKEN": TOKEN.reveal(),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **fields,
    }
    setup_testing_defaults(environ)
    seen: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        seen.append(status)

    answer = json.loads(b"".join(app(environ, start_response)))
    return int(seen[0].split()[0]), answer


@given(
    st.sampled_from(["GET", "POST", "PUT", ""]),
    NAMES,
    st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_any_body(method: str, name: str, body: bytes) -> None:
    control, _ = some_control()
    status, answer = send(ControlApp(control, TOKEN), method, f"/_vaultaws/{name}", body)
    assert status in {200, 400, 404, 405}
    assert isinstance(answer, dict)
    assert (status == 200) == ("errors" not in answer)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_host_token_and_path(host: str, token: str, path: str) -> None:
    control, _ = some_control()
    status, answer = send(
        ControlApp(control, TOKEN), "GET", path, b"", HTTP_HOST=host, HTTP_X_VAULTAWS_TOKEN=token
    )
    assert status in {401, 403} or token == TOKEN.reveal() or path.endswith("health")
    assert TOKEN.reveal() not in json.dumps(answer)


@given(st.dictionaries(SETTING_NAMES | st.text(max_size=10), JSON, max_size=5))
def test_settings_are_all_right_or_all_refused(changes: dict[str, Any]) -> None:
    before = LocalAwsSettings()
    faults: tuple[str, ...] = ()
    after = before
    try:
        after = before.changed(changes)
    except SettingsError as error:
        faults = error.faults
    assert all("\n" not in fault for fault in faults)
    if faults:
        return
    assert set(changes) <= set(before.as_json())
    assert 0 <= after.fault_rate <= 1
    assert 0 <= after.iam_delay <= 86_400
    assert after.changed({}) == after
    assert json.loads(json.dumps(after.as_json()))
