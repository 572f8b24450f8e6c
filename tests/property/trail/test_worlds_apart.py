"""Whole worlds, matched in Athena's words: each credential gets the verdict that it gets here."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings

from tests.property.trail.test_whole_worlds import identity_of, worlds
from tests.support.apart import Both, agree
from tests.support.whole import REFUSALS, Whole
from vaultaws.trail.expect import Expected


@settings(max_examples=15)
@given(worlds())
def test_athena_judges_as_we_do(world: Whole) -> None:
    world.lost_file = None  # Athena does not tell which files it could not read
    with tempfile.TemporaryDirectory() as folder:
        agree(Both(Path(folder), world, identity_of(world), expected=Expected(refusals=REFUSALS)))
