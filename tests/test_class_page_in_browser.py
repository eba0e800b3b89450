"""The class page and a report in a real browser: sorted, followed, and asking nobody for anything. `make browser`."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from autograder.boundary.sandbox import Sandbox
from autograder.boundary.showing import NotebookAsHtml
from autograder.grading import Graded, check_questions
from autograder.report.class_page import CLASS_PAGE, class_page
from autograder.report.files import write_text
from autograder.report.result import result_of, write_result
from autograder.rubric import DEFAULT_RUBRIC, read_rubric
from autograder.submission.bundle import Bundle
from autograder.submission.notebook import Cell
from autograder.verdict import Outcome, Verdict, failed, partial, passed

pytestmark = pytest.mark.in_browser

# In order of name, with the points of their two questions.
SUBMISSIONS = {
    "anna": {"data.shape": passed("four"), "same.content": failed("six", "five (cell 1, line 1)")},
    "berta": {"data.shape": partial("four", "three"), "same.content": passed("six")},
    "נועה <script>alert(1)<_script> 100%": {"data.shape": passed("four"), "same.content": passed("six")},
    "zoe": {"same.content": Verdict(Outcome.TIMEOUT, observed="longer than 60 seconds\x1b[2J")},
}
# As a worker hands over what strangers wrote.
STRANGE = """</div></li></ol><script>alert(1)</script><img src="http://example.org/a.png" onerror="alert(1)">
<iframe src="http://example.org"></iframe><style>body { display: none }</style><p style="position: fixed">hello</p>"""
BUNDLE = Bundle("anna", "d1", "a.ipynb", (Cell(0, "markdown", ""), Cell(1, "code", "six()")), ())
NOTEBOOK = NotebookAsHtml([STRANGE, "<pre><code>six()</code></pre>"], ())
SIZES = [(390, 844), (1280, 900)]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of results with its class page."""
    rubric = read_rubric(DEFAULT_RUBRIC, check_questions())
    found = {}
    for name, verdicts in SUBMISSIONS.items():
        graded = Graded(name, "d1", verdicts, bundle=BUNDLE, notebook=NOTEBOOK)
        found[name] = result_of(graded, rubric, "d2", 7, Sandbox.CAGE)
        write_result(tmp_path / name, found[name], graded)
    write_text(tmp_path / CLASS_PAGE, class_page(found, rubric.questions))
    return tmp_path


class Seen:
    """What a browser did besides showing pages."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def watch(self, page: Any) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids=str)
def page(request: pytest.FixtureRequest, results: Path, seen: Seen) -> Iterator[Any]:
    """The class page in a browser of some size and colours."""
    from playwright.sync_api import sync_playwright

    (width, height), scheme = request.param
    with sync_playwright() as playwright:
        # Debian's Chromium where there is one, else what `playwright install chromium` has fetched.
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        seen.watch(page)
        page.goto(address(results / CLASS_PAGE))
        yield page
        browser.close()


def address(path: Path) -> str:
    return f"file://{quote(str(path))}"


def names(page: Any) -> list[str]:
    """The submissions in the table, from top to bottom."""
    found: list[str] = page.locator("#table-of-submissions tbody th").all_inner_texts()
    return found


def sorted_by(page: Any) -> dict[str, str]:
    """Which columns say that the table is sorted by them, and which way."""
    headers = page.locator("#table-of-submissions thead th").all()
    found = {header.get_attribute("data-name"): header.get_attribute("aria-sort") for header in headers}
    return {name: order for name, order in found.items() if order}


def test_the_class_is_sorted_by_mouse_and_by_keyboard(page: Any, results: Path, seen: Seen) -> None:
    anna, berta, noa, zoe = SUBMISSIONS
    assert names(page) == [anna, berta, noa, zoe] and sorted_by(page) == {"name": "ascending"}
    total = page.get_by_role("button", name="Total")
    total.click()
    assert names(page) == [zoe, anna, berta, noa] and sorted_by(page) == {"total points": "ascending"}
    total.click()
    assert names(page) == [noa, berta, anna, zoe] and sorted_by(page) == {"total points": "descending"}
    assert page.get_by_role("status").inner_text() == "Sorted by total points, descending."
    page.get_by_role("button", name="1b").focus()
    page.keyboard.press("Enter")
    assert names(page) == [anna, zoe, berta, noa] and sorted_by(page) == {"question 1b": "ascending"}
    page.get_by_role("button", name="Submission").focus()
    page.keyboard.press("Space")
    assert names(page) == [anna, berta, noa, zoe]
    page.keyboard.press("Space")
    assert names(page) == [zoe, noa, berta, anna] and sorted_by(page) == {"name": "descending"}
    page.get_by_role("button", name="1a").click()  # zoe was not asked for it
    assert names(page) == [zoe, berta, anna, noa]
    assert seen.requests == [address(results / CLASS_PAGE)] and seen.complaints == []


def test_links_lead_to_the_reports_and_nothing_is_asked_for_on_either_page(
    page: Any, results: Path, seen: Seen
) -> None:
    visited = [results / CLASS_PAGE]
    for name in SUBMISSIONS:
        page.locator("#table-of-submissions").get_by_role("link", name=name, exact=True).click()
        assert page.locator("h1").inner_text() == name
        visited.append(results / name / "report.html")
        page.go_back()
        visited.append(results / CLASS_PAGE)
    page.get_by_role("link", name="1b", exact=True).first.click()
    assert page.locator("h1").inner_text() == "zoe" and page.url.endswith("#q1b")
    assert all(request.startswith("file://") for request in seen.requests)
    opened = [request.partition("#")[0] for request in seen.requests]
    assert set(opened) <= {address(path) for path in visited} and seen.complaints == []


def test_a_check_leads_to_the_cell_that_it_speaks_of_and_that_back_to_the_check(
    page: Any, results: Path, seen: Seen
) -> None:
    page.goto(address(results / "anna" / "report.html"))
    page.get_by_role("link", name="cell 1", exact=True).click()
    assert page.url.endswith("#cell-1")
    found = page.get_by_role("list", name="What was found in cell 1")
    assert "five" in found.inner_text() and found.bounding_box()["x"] >= 0
    found.get_by_role("link").click()
    assert page.url.endswith("#same.content")
    assert page.get_by_text("hello", exact=True).is_visible(), "a stranger's style has an effect"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(request.startswith("file://") for request in seen.requests) and seen.complaints == []


def test_no_rule_of_accessibility_is_broken_on_either_page(page: Any, results: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for path in (results / CLASS_PAGE, *(results / name / "report.html" for name in SUBMISSIONS)):
        page.goto(address(path))
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()


def test_no_page_is_wider_than_the_screen_and_what_is_too_wide_can_be_scrolled_by_keyboard(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for table in page.get_by_role("region", name="Table of").all():
        assert table.get_attribute("tabindex") == "0"


def test_without_javascript_nothing_is_missing(page: Any, results: Path) -> None:
    plain = page.context.browser.new_context(java_script_enabled=False).new_page()
    plain.goto(address(results / CLASS_PAGE))
    assert names(plain) == list(SUBMISSIONS) and plain.get_by_role("button").count() == 0
    with_script = page.locator("main").inner_text().split()
    assert plain.locator("main").inner_text().split() == with_script
