"""A real Chromium for pages of ours: without a network, with all it does written down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 30_000  # a busy machine is slow, and not wrong


@dataclass
class Seen:
    """What a page did besides being read. Each list but `asked` is to stay empty."""

    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a new profile; a test without one is skipped."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no chromium on PATH")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, *, fragment: str = "", **context: Any) -> Iterator[Page]:
    """A page that has drawn itself; at its end it has asked for nothing, and gone wrong nowhere."""
    options = {"viewport": {"width": 1280, "height": 900}, **context}
    with_script = options.get("java_script_enabled", True)
    own = browser.new_context(**options)
    page, seen = own.new_page(), Seen()
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("dialog", seen.dismiss)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda message: seen.errors.append(message.text))
    try:
        page.goto(file.as_uri() + fragment)
        if with_script:
            page.wait_for_selector("html[data-ready]", timeout=2 * PATIENCE_MS)
        yield page
        assert {url.split("#")[0] for url in seen.asked} == {file.as_uri()}
        assert (seen.dialogs, seen.errors) == ([], [])
        assert not with_script or page.evaluate("window.ran") is None
    finally:
        own.close()
