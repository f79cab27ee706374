"""A browser of the system, in which no page reaches anything but this machine, and a server of the explorer.

Without a browser these tests are skipped, with a word; ``make browser`` (and CI) sets CHARCOT_BROWSER, and a browser
that is missing is a failure then.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PATIENCE = 180.0  # seconds for a server to compile its kernel


def browser_path():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def missing():
    words = f"no browser is installed (looked for {', '.join(NAMES)})"
    if os.environ.get("CHARCOT_BROWSER"):
        pytest.fail(words)
    pytest.skip(words)


# For a file, not for all of them: the driver keeps an event loop running, under which no other test of the same process
# could run one of its own.
@pytest.fixture(scope="module")
def browser():
    path = browser_path()
    if path is None:
        missing()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        with playwright.chromium.launch(executable_path=path, args=["--disable-gpu", *root]) as one:
            yield one


class Watched:
    """What a page asked of the outside, and what went wrong in it."""

    def __init__(self):
        self.outside, self.errors, self.asked = [], [], []

    def route(self, route):
        url = urlsplit(route.request.url)
        if url.scheme in ("file", "data", "blob") or url.hostname in LOOPBACK:
            self.asked.append(route.request.url)
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()


@pytest.fixture
def open_page(browser):
    """``open_page(url, width=1280, **options of the browser's context) -> page``; afterwards the page must have been
    calm: no error on its console, and not a word to any other machine. ``page.watched`` has what it asked for."""
    opened = []

    def make(url, width=1280, height=900, calm=True, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        watched = Watched()
        context.route("**/*", watched.route)
        page = context.new_page()
        page.watched = watched
        page.on("console", lambda m: watched.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        opened.append((context, watched, calm))
        page.goto(url)
        return page

    yield make
    for context, _, _ in opened:
        context.close()
    for _, watched, calm in opened:
        assert watched.outside == []
        assert not calm or watched.errors == []


class Server:
    """A running explorer."""

    def __init__(self):
        self.start(0)

    def start(self, port):
        """On a port of its own choice for 0."""
        command = [sys.executable, "-m", "charcot.interfaces.cli.main", "explore", "--no-browser", "--port", str(port)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:  # a warning may come before the address
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                self.url = found.group()
                break
        else:
            raise RuntimeError(f"the explorer ended before it gave its address: {''.join(said)}")
        self._until_ready()

    @property
    def port(self):
        return urlsplit(self.url).port

    def _until_ready(self):
        import json
        import urllib.request

        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}api/health", timeout=10) as answer:
                    if json.load(answer)["ready"]:
                        return
            except OSError:
                assert self.process.poll() is None, "the explorer ended"
            time.sleep(0.3)
        raise TimeoutError("the explorer did not become ready")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


# One for all files of a process: it takes longest to start.
@pytest.fixture(scope="session")
def explorer():
    if browser_path() is None:
        missing()
    server = Server()
    yield server
    server.kill()
