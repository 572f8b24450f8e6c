"""Import against real servers: from whatever state, plan is empty afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.integration.plan.test_plan_on_servers import carry_out, people, roots
from tests.support.declared import configs
from tests.support.imported import bring, everything
from tests.support.wired import Wired
from vaultaws.config.load import load
from vaultaws.config.schema import Config
from vaultaws.plan.planner import make_plan


def test_generated_states_come_back_whole(wired: Wired) -> None:
    """Twice from nothing the same, and once over the file of the state before."""
    drawn = configs(wired.mount, people(wired), static=False, root=roots(wired))
    with tempfile.TemporaryDirectory() as folder, wired.vault as vault:
        kept = Path(folder) / "kept" / "vaultaws.toml"

        @settings(
            max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(drawn)
        def law(config: Config) -> None:
            carry_out(wired, vault, config)
            with tempfile.TemporaryDirectory() as fresh, tempfile.TemporaryDirectory() as again:
                assert bring(vault, Path(fresh) / "vaultaws.toml", wired.mount).left_out == ()
                bring(vault, Path(again) / "vaultaws.toml", wired.mount)
                assert everything(Path(fresh)) == everything(Path(again))
                assert make_plan(vault, load(Path(fresh) / "vaultaws.toml")).changes == ()
            bring(vault, kept, wired.mount)
            assert make_plan(vault, load(kept)).changes == ()

        law()
