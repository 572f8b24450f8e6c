"""The page of a report in a real browser: read, moved, filtered, printed, and never obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.support import reports
from tests.support.browser import chromium, opened
from vaultaws.trail.page.page import render
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Standing

pytestmark = pytest.mark.integration
MANY = 50_000
BEGIN = "document.getElementById('scroller').dataset.from"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def written(directory: Path, report: Report) -> Path:
    file = directory / "report.html"
    file.write_text(render(report, written=reports.END), "utf-8")
    return file


@pytest.fixture(scope="module")
def report() -> Report:
    return reports.report(60)


@pytest.fixture(scope="module")
def file(places: Path, report: Report) -> Path:
    return written(places, report)


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    with opened(browser, file) as found:
        yield found


def matched(page: Page, number: int, total: int = 68) -> None:
    expect(page.locator("#matched")).to_have_text(f"{number:,} of {total:,}")


def zoom(page: Page) -> tuple[float, float]:
    found = page.locator("#scroller")
    return float(found.get_attribute("data-from") or 0), float(found.get_attribute("data-to") or 0)


def middle(page: Page, name: str, part: float = 0.6) -> tuple[float, float]:
    """A point of the chart's part with time in it, scrolled to."""
    found = page.locator(name)
    found.scroll_into_view_if_needed()
    page.locator("#timeline").evaluate("found => found.scrollIntoView()")
    box = found.bounding_box()
    assert box
    return box["x"] + box["width"] * part, box["y"] + box["height"] / 2


def test_text_of_strangers_is_only_text(browser: Browser, tmp_path: Path) -> None:
    file = written(tmp_path, reports.hostile())
    with opened(browser, file) as page:
        assert page.locator("img, iframe, object, embed, link, [onerror], [onfocus]").count() == 0
        assert page.locator("script").count() == 2
        expect(page.locator("#person option")).to_have_count(len(reports.HOSTILE) + 1)
        shown = page.locator("#table tbody").inner_text()
        assert "</script><script>window.ran = true; alert(1)</script>" in shown
        assert "ada\\u202egnp.exe\\u2066\\u200b" in shown
        assert "\u202e" not in page.content()
        for place in range(12):
            page.locator("#table tbody tr[data-row] button").nth(place).click()
        page.locator("#holders tbody button").first.click()
        page.locator("#clear").click()
        page.locator("#findings .next button").first.click()
        page.locator("#text").fill("</script>")
        matched(page, 3, 36)
        x, y = middle(page, "#lanes")
        page.mouse.move(x, y)
        expect(page.locator("#details")).to_contain_text("window.ran")
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_address_with_a_hostile_fragment(browser: Browser, file: Path) -> None:
    fragment = "#person=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&standing=__proto__&text=%3Cb%3E"
    with opened(browser, file, fragment=fragment) as page:
        matched(page, 0)
        expect(page.locator("#person")).to_have_value("-1")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_axe_finds_nothing(browser: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    file = written(tmp_path, reports.report(4))
    size = {"width": width, "height": 900}
    with opened(browser, file, viewport=size, color_scheme=scheme) as page:
        page.locator("#findings .next button").first.click()
        page.locator("#table tbody tr[data-row] button").first.click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_where_nothing_was_found(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, written(tmp_path, reports.report(0, clean=True))) as page:
        expect(page.locator("#findings")).to_contain_text("None.")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_keys_do_what_they_say(page: Page) -> None:
    lanes, said = page.locator("#scroller"), page.locator("#said")
    lanes.focus()
    lanes.press("ArrowDown")
    expect(said).to_contain_text("1 of 68: AKIA0000000000900003, cannot be judged.")
    lanes.press("End")
    expect(said).to_contain_text("68 of 68")
    lanes.press("Home")
    for _ in range(3):
        lanes.press("ArrowDown")
    expect(said).to_contain_text("4 of 68: ASIA0000000000900001")
    expect(said).to_contain_text("beyond its lease")
    whole = zoom(page)
    lanes.press("+")
    near = zoom(page)
    assert near[1] - near[0] < (whole[1] - whole[0]) * 0.7
    lanes.press("ArrowRight")
    assert zoom(page)[0] > near[0]
    lanes.press("ArrowLeft")
    assert zoom(page) == near
    lanes.press("-")
    lanes.press("0")
    assert zoom(page) == whole
    lanes.press("f")
    assert whole[0] <= zoom(page)[0] < 3 * 3600 < zoom(page)[1]
    lanes.press("Enter")
    expect(page.locator("#details")).to_be_focused()
    expect(page.locator("#details h3")).to_have_text("ASIA0000000000900001")
    page.get_by_role("button", name="Close").click()
    expect(lanes).to_be_focused()
    lanes.press("ArrowUp")
    expect(page.locator("#tip")).to_be_visible()
    lanes.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def test_everything_is_reached_with_tab(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    wanted = ["theme", "person", "role", "standing", "text", "only", "clear"]
    wanted += ["order", "in", "scroller", "by"]
    assert [name for name in reached if name in wanted] == wanted


def test_the_mouse_zooms_pans_scrolls_and_points(page: Page) -> None:
    x, y = middle(page, "#lanes")
    whole = zoom(page)
    page.mouse.move(x, y)
    expect(page.locator("#tip")).to_be_visible()
    page.mouse.wheel(0, 300)
    page.wait_for_function("() => document.getElementById('scroller').scrollTop > 0")
    assert zoom(page) == whole
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_function(f"() => {BEGIN} > {whole[0] + 60}")
    near = zoom(page)
    page.mouse.down()
    page.mouse.move(x + 80, y + 40, steps=4)
    page.mouse.up()
    assert zoom(page)[0] < near[0]
    page.locator("#whole").click()
    assert zoom(page) == whole
    x, y = middle(page, "#overview", 0.5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y, steps=4)
    page.mouse.up()
    chosen = zoom(page)
    assert whole[0] < chosen[0] < chosen[1] < whole[1]
    page.locator("#in").click()
    assert zoom(page)[1] - zoom(page)[0] < chosen[1] - chosen[0]
    page.mouse.dblclick(x, y)
    assert zoom(page) == whole
    expect(page.locator("#whole")).to_be_disabled()


def test_a_click_on_a_life_opens_its_details(page: Page) -> None:
    x, y = middle(page, "#lanes", 0.3)
    page.mouse.click(x, y)
    expect(page.locator("#details h3")).to_have_text(re.compile(r"^A[SK]IA\d{16}$"))
    expect(page.locator("#details .facts")).to_contain_text("Vault's audit log")


def test_two_fingers_zoom_and_one_pans(browser: Browser, file: Path) -> None:
    with opened(browser, file, has_touch=True, viewport={"width": 400, "height": 800}) as page:
        x, y = middle(page, "#lanes")
        send = page.context.new_cdp_session(page)

        def touch(kind: str, *across: float) -> None:
            points = [{"x": x + one, "y": y, "id": number} for number, one in enumerate(across)]
            send.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        whole = zoom(page)
        touch("touchStart", -20, 20)
        for apart in (30, 50, 70, 90):
            touch("touchMove", -apart, apart)
        touch("touchEnd")
        page.wait_for_function(f"() => {BEGIN} > {whole[0] + 60}")
        near = zoom(page)
        touch("touchStart", 0)
        for moved in (10, 30, 50, 70):
            touch("touchMove", moved)
        touch("touchEnd")
        page.wait_for_function(f"() => {BEGIN} < {near[0] - 1}")


def test_filters_choose_as_they_say(page: Page, report: Report) -> None:
    verdicts = report.matching.verdicts
    ben = sum(found.person == "ben" for found in verdicts)
    sts = sum(found.role == "ec2readonly-sts" for found in verdicts)
    page.locator("#person").select_option(label=f"ben ({ben})")
    matched(page, ben)
    role = sum(found.person == "ben" and found.role == "ec2readonly-sts" for found in verdicts)
    page.locator("#role").select_option(label=f"ec2readonly-sts ({sts})")
    matched(page, role)
    page.locator("#only").check()
    matched(page, 1)
    expect(page.locator("#table tbody tr[data-row]")).to_have_count(1)
    expect(page.locator("#holders tbody tr")).to_have_count(1)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    matched(page, 1)
    page.locator("#clear").click()
    matched(page, len(verdicts))
    page.locator("#standing").select_option(label="unexplained (1)")
    matched(page, 1)
    page.locator("#clear").click()
    page.locator("#text").fill("203.0.113.9 CURL")
    matched(page, 1)
    page.locator("#text").fill("no such thing")
    matched(page, 0)
    expect(page.locator("#table tbody")).to_have_text("No credential matches.")
    page.locator("#clear").click()
    page.locator("#by").select_option("role")
    roles = {found.role for found in verdicts if found.standing is not Standing.ROTATION}
    expect(page.locator("#holders tbody tr")).to_have_count(len(roles))
    page.locator("#holders tbody button", has_text="ops").first.click()
    matched(page, sum(found.role == "ops" for found in verdicts))


def test_the_table_sorts_turns_and_opens(page: Page, report: Report) -> None:
    page.get_by_role("button", name="Calls").click()
    cells = page.locator("#table tbody tr[data-row] td:nth-child(7)").all_inner_texts()
    calls = [int(text) for text in cells]
    most = sorted((found.use.calls for found in report.matching.verdicts), reverse=True)
    assert calls == most[:50]
    expect(page.locator("#table th[aria-sort=descending]")).to_have_text("Calls ↓")
    expect(page.get_by_role("button", name="Calls")).to_be_focused()
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("#pages")).to_have_text("51 – 68 of 68")
    expect(page.locator("#table tbody tr[data-row]")).to_have_count(18)
    first = page.locator("#table tbody tr[data-row] button").first
    first.click()
    expect(first).to_have_attribute("aria-expanded", "true")
    expect(first).to_be_focused()
    expect(page.locator("#table .opened")).to_contain_text("Vault's audit log")
    first.press("Enter")
    expect(page.locator("#table .opened")).to_have_count(0)


def test_a_finding_leads_to_its_life(page: Page) -> None:
    page.locator("#text").fill("nothing like it")
    matched(page, 0)
    page.locator("#findings .kind", has_text="unknown to Vault").get_by_role("button").click()
    matched(page, 68)
    expect(page.locator("#details h3")).to_have_text("ASIA0000000000900000")
    assert 0 < zoom(page)[0] < 12 * 3600 < zoom(page)[1]


def test_the_details_name_the_same_commands(page: Page) -> None:
    for item in page.locator("#findings li[data-row]").all():
        item.get_by_role("button").click()
        listed = page.locator("#details .facts div").filter(
            has=page.get_by_text("Next", exact=True)
        )
        commands = " · ".join(item.locator(".next code").all_inner_texts())
        expect(listed.locator("dd")).to_have_text(commands)


def test_the_theme_is_chosen_and_kept(browser: Browser, file: Path) -> None:
    with opened(browser, file, color_scheme="dark") as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        dark, button = page.evaluate(ground), page.locator("#theme")
        button.click()
        expect(button).to_have_text("Theme: light")
        assert page.evaluate(ground) != dark
        page.reload()
        page.wait_for_selector("html[data-ready]")
        expect(button).to_have_text("Theme: light")
        button.click()
        assert page.evaluate(ground) == dark


def test_paper_has_all_of_it_and_no_controls(page: Page, tmp_path: Path) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("#table tbody tr[data-row]")).to_have_count(68)
    for name in ("#filters", "#theme", "#order", ".pager", ".keys", ".next button >> nth=0"):
        expect(page.locator(name)).to_be_hidden()
    expect(page.locator("#findings")).to_be_visible()
    expect(page.locator("#paper")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")
    expect(page.locator("#table tbody tr[data-row]")).to_have_count(50)
    expect(page.locator("#paper")).to_have_count(0)


def test_it_reads_without_a_script(browser: Browser, file: Path) -> None:
    with opened(browser, file, java_script_enabled=False) as page:
        expect(page.locator("#findings")).to_contain_text("GetFederationToken by vault-root")
        expect(page.locator("#findings")).to_contain_text("What could make this wrong")
        expect(page.locator(".numbers")).to_contain_text("credentials issued")
        expect(page.locator("#holders tbody")).to_contain_text("ec2readonly-sts")
        expect(page.locator("#unscripted")).to_be_visible()
        for name in ("#filters", "#timeline", "#credentials", "#theme"):
            expect(page.locator(name)).to_be_hidden()


def test_fifty_thousand_credentials_are_usable(browser: Browser, tmp_path: Path) -> None:
    report = reports.report(MANY, people=800)
    verdicts, total = report.matching.verdicts, MANY + 8
    with opened(browser, written(tmp_path, report)) as page:
        matched(page, total, total)
        assert page.evaluate("document.querySelectorAll('*').length") < 6_000
        page.locator("#text").fill("person-0042")
        matched(page, sum(found.person == "person-0042" for found in verdicts), total)
        page.locator("#clear").click()
        page.locator("#only").check()
        matched(page, 5, total)
        page.locator("#only").uncheck()
        page.locator("#order").select_option("person")
        page.get_by_role("button", name="Last page").click()
        expect(page.locator("#pages")).to_have_text("50,001 – 50,008 of 50,008")
        lanes = page.locator("#scroller")
        lanes.focus()
        lanes.press("End")
        expect(page.locator("#said")).to_contain_text("50,008 of 50,008: ")
        page.emulate_media(media="print")
        expect(page.locator("#table tbody tr[data-row]")).to_have_count(1_000)
        expect(page.locator("#table tbody")).to_contain_text("and 49,008 more")
