"""A fresh student's way: the template in a real JupyterLab, in a real browser. `make notebook` runs it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "build" / "notebook"
# Nobody waits in vain for slow machines, which start a kernel and draw the first pictures of a cell in minutes.
PATIENCE = 300
WRONG = "return np.concatenate([data[:, :, 1], data[:, :, 0]], axis=2).reshape(-1, 448, 224, 3)"
RIGHT = "return np.concatenate([data[:, :, 0], data[:, :, 1]], axis=2).reshape(-1, 448, 224, 3)"

pytestmark = pytest.mark.in_jupyter


@pytest.fixture(params=["JupyterLab Light", "JupyterLab Dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def jupyter(tmp_path: Path, theme: str) -> Iterator[str]:
    """The address of a JupyterLab that has just been installed, on a copy of the student's folder."""
    shutil.copytree(ROOT / "student_template", tmp_path / "home" / "student_template")
    write_settings(tmp_path / "settings", theme)
    places = {
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(tmp_path / folder) for name, folder in places.items()}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--IdentityProvider.token=a-token", f"--ServerApp.root_dir={tmp_path / 'home'}"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        address = address_of(server, tmp_path / "runtime")
        yield f"{address}lab/tree/student_template/assignment3.ipynb?token=a-token"
    finally:
        server.terminate()
        server.wait(PATIENCE)


def write_settings(folder: Path, theme: str) -> None:
    """What a student may have chosen in JupyterLab; nothing is fetched from the network."""
    settings = {
        "apputils-extension/themes": {"theme": theme},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        # All cells are in the page, also those that one has to scroll to.
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, values in settings.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def address_of(server: subprocess.Popen[bytes], runtime: Path) -> str:
    """Where the server listens, which it writes into a file once it does."""
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        for path in runtime.glob("jpserver-*.json"):
            if text := path.read_text():
                return str(json.loads(text)["url"])
        time.sleep(0.2)
    raise AssertionError("JupyterLab did not start; its words are in the file `log`")


@pytest.fixture
def page(jupyter: str) -> Iterator[Any]:
    """The template, opened in the browser, with a kernel that waits for cells."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        # Debian's Chromium where there is one, else what `playwright install chromium` has fetched.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(jupyter)
        page.get_by_text("| Idle").first.wait_for()
        yield page
        browser.close()


class Notebook:
    """What a student does in it."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def cell(self, text: str) -> Any:
        """The first code cell with some text."""
        return self.page.locator(".jp-CodeCell").filter(has_text=text).first

    def run(self, text: str) -> None:
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def replace_line(self, text: str, begins: str, line: str) -> None:
        """Type another line over the one in a cell that begins in some way."""
        self.cell(text).locator(".cm-line").filter(has_text=begins).first.click()
        for key in ("End", "Shift+Home"):  # its indentation stays
            self.page.keyboard.press(key)
        self.page.keyboard.type(line)

    def see(self, text: str, words: str) -> str:
        """What stands below a cell as soon as some words do."""
        output = self.cell(text).locator(".jp-OutputArea")
        output.get_by_text(words).first.wait_for()
        return str(output.inner_text())

    def photograph(self, text: str, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.cell(text).scroll_into_view_if_needed()
        self.page.screenshot(path=PICTURES / f"{name}.png", timeout=PATIENCE * 1000)


def test_a_student_fills_in_one_function_and_sees_it_pass(page: Any, theme: str) -> None:
    notebook, shade = Notebook(page), theme.split()[-1].lower()
    function, check = "def generate_same_pair", 'autograder.check("1b")'

    notebook.run(check)
    assert "name 'autograder' is not defined" in notebook.see(check, "NameError")

    for cell in ("import matplotlib", "import autograder", function, check):
        notebook.run(cell)
    unfilled = notebook.see(check, "Question 1b: 0 of 4 points")
    assert "`generate_same_pair` is still to be written" in unfilled

    notebook.replace_line(function, "raise NotImplementedError", WRONG)
    notebook.run(function)
    notebook.run(check)
    wrong = notebook.see(check, "Question 1b: 2.5 of 4 points")
    assert "in every row the right shoe lies above the left one" in wrong
    assert "that order alone gives the label away" in wrong
    notebook.photograph(check, f"wrong-{shade}")

    notebook.replace_line(function, "return np.concatenate", RIGHT)
    notebook.run(function)
    notebook.run(check)
    right = notebook.see(check, "Question 1b: 4 of 4 points")
    assert right.count("pass") == 2 and "fail" not in right
    notebook.photograph(check, f"right-{shade}")
    # Nothing went to standard error, in any of the cells.
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
