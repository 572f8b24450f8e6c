from __future__ import annotations

import threading
from pathlib import Path

from tests.support.calls import ACCOUNT, HandClock, a_call, a_user, answered
from vaultaws.local.aws import hooks
from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.settings import LocalAwsSettings
from vaultaws.local.aws.surroundings import surroundings
from vaultaws.local.aws.trail.delivery import DeliveryLoop
from vaultaws.model import Secret


def test_a_recorded_call_is_found_and_delivered(tmp_path: Path) -> None:
    around = surroundings(
        ACCOUNT,
        Secret("made-up"),
        settings=LocalAwsSettings(trail_delay=20),
        log_directory=tmp_path,
        clock=MovableClock(HandClock()),
    )
    clock: hooks.Clock = around.parts.clock
    recorder: hooks.Recorder = around.parts.recorder
    recorder.record(a_call("iam", "CreateUser", time=clock.now()), a_user(), answered())
    look = around.handlers["cloudtrail", "LookupEvents"]
    asking = a_call("cloudtrail", "LookupEvents")
    assert look(asking, a_user())["Events"] == []
    around.control.advance(20)
    (event,) = look(asking, a_user())["Events"]
    assert event["EventName"] == "CreateUser"
    around.control.advance(280)
    assert len(list(tmp_path.rglob("*.json.gz"))) == 1


def test_the_parts_are_what_the_gate_asks_for() -> None:
    around = surroundings(ACCOUNT, Secret("made-up"))
    faults: hooks.Faults = around.parts.faults
    propagation: hooks.Propagation = around.parts.propagation
    control: hooks.WsgiApp = around.control_app
    assert faults.draw(a_call()) is None
    assert propagation.seen("key:a", 1, around.control.now()) == 1
    assert callable(control)


def test_the_loop_delivers_by_itself_and_ends_when_told(tmp_path: Path) -> None:
    around = surroundings(ACCOUNT, Secret("made-up"), log_directory=tmp_path)
    delivery = around.parts.delivery
    loop = DeliveryLoop(delivery, poll_seconds=0.01)
    around.parts.recorder.record(a_call(), a_user(), answered())
    around.parts.clock.advance(300)
    loop.start()
    done = threading.Event()
    while delivery.stats().files == 0:
        done.wait(0.01)
    assert delivery.stats().records == 1
    around.parts.recorder.record(a_call(), a_user(), answered())
    loop.stop()
    assert (delivery.stats().records, delivery.stats().pending) == (2, 0)
