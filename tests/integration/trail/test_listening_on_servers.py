"""`trail watch --listen` as the socket audit device of real servers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.trail.test_trail_watch import WATCH, begin, figures_of, steal
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.waiting import until
from tests.support.wired import Wired, must
from vaultaws.local.processes import ProcessRecord
from vaultaws.model import ServerProduct
from vaultaws.trail.audit import read

pytestmark = pytest.mark.integration
DEVICE = "heard"


@contextmanager
def socket_device(wired: Wired, address: str) -> Iterator[None]:
    """A second audit device of the server, over its API or, as OpenBao wants, by its own file."""
    options = {"address": address, "socket_type": "tcp"}
    if wired.server.product is ServerProduct.VAULT:
        must(wired.ask(f"sys/audit/{DEVICE}", {"type": "socket", "options": options}))
        try:
            yield
        finally:
            must(wired.ask(f"sys/audit/{DEVICE}", method="DELETE"))
        return
    config = wired.server.audit.with_name("server.json")
    before = config.read_text()
    told = json.loads(before)
    told["audit"].append({"type": "socket", "path": DEVICE, "options": options})
    try:
        config.write_text(json.dumps(told))
        reload(wired)
        until(lambda: f"{DEVICE}/" in must(wired.ask("sys/audit")).body["data"])
        yield
    finally:
        config.write_text(before)
        reload(wired)
        until(lambda: f"{DEVICE}/" not in must(wired.ask("sys/audit")).body["data"])


def reload(wired: Wired) -> None:
    assert isinstance(wired.server.where, ProcessRecord)
    os.kill(wired.server.where.pid, signal.SIGHUP)


def test_what_vault_says_to_a_socket_explains_its_credentials(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    shell, kept = operator(wired, tmp_path), tmp_path / "heard.log"
    log = ("--audit-log", str(kept), "--audit-device", DEVICE)
    listen = (*WATCH, "--every", "1s", "--listen", "127.0.0.1:0", "--metrics", "0", "--no-orphans")
    with shell.start(*listen, *log, *begin()) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        try:
            place = watching.stderr.readline().split(" at ")[1].split(",")[0]
            metrics = watching.stderr.readline().split()[-1]
            with socket_device(wired, place):
                issued = log_in(wired, "ada").issue(
                    wired.mount, "reader-sts", sts=True, ttl_seconds=900
                )
                stolen = steal(wired, "vault-thief")
                told = json.loads(watching.stdout.readline())
                explained = 'vaultaws_trail_credentials{standing="explained"} 1'
                assert "vaultaws_trail_heard_torn_total 0" in figures_of(metrics, explained)
                code, out, said = here(shell, "trail", "check", *begin_of(kept), *log, "--json")
        finally:
            watching.terminate()
        assert watching.wait(60) == 143
    assert (told["access_key_id"], told["kind"]) == (stolen, "unexplained")
    standings = {one["access_key_id"]: one["standing"] for one in json.loads(out)["credentials"]}
    assert code == 3, said
    assert standings[issued.credentials.access_key_id] == "explained"
    assert standings[stolen] == "unexplained"
    assert kept.read_bytes().endswith(b"\n")

    for more, words in (
        (("--once",), "--listen needs a watch that goes on"),
        (("--audit-log", "tcp:127.0.0.1:9"), "an audit log is a file"),
    ):
        code, _, said = here(shell, "trail", "watch", "--listen", "127.0.0.1:0", *more)
        assert (code, words in said) == (1, True), said


def begin_of(kept: Path) -> tuple[str, ...]:
    """From where the log knows on."""
    first = read([kept]).first
    assert first is not None
    return ("--since", first.isoformat(), "--lag", "0s", "--no-orphans")
