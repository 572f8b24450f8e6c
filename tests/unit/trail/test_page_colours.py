"""The page's colours reach AA where axe cannot look: on the canvas too, light and dark.

Rule: WCAG 2.2, 1.4.3 (text, 4.5 to 1) and 1.4.11 (graphics, 3 to 1).
"""

from __future__ import annotations

import re
from itertools import product

import pytest

from vaultaws.trail.page.page import part

TEXT = (
    *(
        (ink, ground)
        for ink in ("ink", "quiet", "critical", "warning")
        for ground in ("paper", "card", "chosen")
    ),
    *(("critical", "critical-paper"), ("warning", "warning-paper"), ("ink", "warning-paper")),
    *(("accent", "card"), ("accent", "paper")),
)
GRAPHICS = (
    *product(("life-edge", "use", "denied", "beyond", "firm", "accent"), ("card",)),
    *product(("use", "critical", "warning"), ("life",)),
)


def palettes() -> list[dict[str, str]]:
    """Every set of colours in the style sheet, in order: light, the system's dark, chosen dark."""
    blocks = re.findall(r":root[^{]*\{([^}]*--paper[^}]*)\}", part("page.css"))
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_dark_is_the_same_however_it_is_chosen() -> None:
    light, system, chosen = palettes()
    assert system == chosen
    assert set(light) == set(system)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (GRAPHICS, 3.0)], ids=["text", "canvas"])
def test_contrast(theme: int, pairs: tuple[tuple[str, str], ...], least: float) -> None:
    colours = palettes()[theme]
    found = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}
