"""The page of a report as a parser reads it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

_SILENT = {"script", "style", "head"}
_VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """Its words, its elements in order, and the data within it."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[str] = []
        self.embedded = ""
        self._open: list[tuple[str, dict[str, str | None]]] = []

    @property
    def text(self) -> str:
        """What is read, with single spaces."""
        return " ".join(" ".join(self.words).split()).replace(" .", ".")

    @property
    def data(self) -> Any:
        return json.loads(self.embedded)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in _VOID:
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, attributes = self._open[-1] if self._open else ("", {})
        if attributes.get("id") == "data":
            self.embedded += data
        elif not _SILENT & {name for name, _ in self._open}:
            self.words.append(data)
        del tag


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page
