"""How quickly the explorer answers: from a key press to the new curve, and from opening to the first picture.

    python benchmarks/explorer.py [--keys 60] [--json]

A server of its own is begun and warmed. Times are taken in the page: from the key's event to the first frame after the
curve has changed (what is kept of earlier answers is avoided: each press asks a new question); and from the start of
the navigation to the first frame with a curve, in a fresh browser context each time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import numpy as np

CURVE = "figure svg path.line"
MOST_KEYS = 50  # from 80 years down to the least age
WATCH = """() => {
  const slider = document.querySelector("input[type=range]");
  window.times = [];
  slider.addEventListener("keydown", () => {
    const begun = performance.now();
    const path = document.querySelector("figure svg path.line");
    const watch = new MutationObserver(() => {
      watch.disconnect();
      requestAnimationFrame(() => window.times.push(performance.now() - begun));
    });
    watch.observe(path, { attributes: true, attributeFilter: ["d"] });
  }, true);
}"""
FIRST = """() => new Promise((done) => {
  const look = () => document.querySelector("figure svg path.line")
    ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
  look();
})"""


def serve() -> tuple[subprocess.Popen[str], str]:
    """A warm server and its address."""
    command = [sys.executable, "-m", "charcot.interfaces.cli.main", "explore", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    url = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline()).group()  # type: ignore[union-attr]
    while True:
        try:
            with urllib.request.urlopen(f"{url}api/health") as answer:
                ready = json.load(answer)["ready"]
            if ready:  # and what is gathered behind: which experiments bear on which mechanism
                urllib.request.urlopen(f"{url}api/mechanisms/junction.innervation").read()
                time.sleep(5)
                return process, url
        except OSError:
            pass
        time.sleep(0.2)


def keys(browser, url: str, count: int, link: str) -> list[float]:
    """Milliseconds from each of ``count`` key presses on the first slider to the new curve."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url + link)
    page.wait_for_selector(CURVE)
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    page.locator("input[type=range]").first.focus()
    for k in range(count):
        page.keyboard.press("ArrowLeft")
        page.wait_for_function("n => window.times.length > n", arg=k)
    times = page.evaluate("window.times")
    page.close()
    return [float(one) for one in times]


def first_pictures(browser, url: str, count: int, link: str) -> list[float]:
    """Milliseconds from the start of the navigation to the first curve."""
    out = []
    for _ in range(count):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(url + link, wait_until="commit")
        out.append(float(page.evaluate(FIRST)))
        context.close()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=40, help="key presses")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not 1 <= asked.keys <= MOST_KEYS:
        parser.error(f"--keys is {asked.keys}, but the slider has so many steps: write 1 to {MOST_KEYS}")
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no browser is installed (Debian: apt-get install chromium)")
    server, url = serve()
    try:
        with sync_playwright() as playwright:
            root = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=path, args=root)
            first_pictures(browser, url, 1, "#/patient")  # the browser's own first start
            found = {
                "key press to new curve, untreated": keys(browser, url, asked.keys, "#/patient?age=80"),
                "key press to new curve, treated": keys(browser, url, asked.keys, "#/patient?age=80&treat=riluzole::0"),
                "opening to first picture, patient": first_pictures(browser, url, 10, "#/patient?treat=riluzole::0"),
                "opening to first picture, neuron": first_pictures(browser, url, 10, "#/neuron"),
            }
            browser.close()
    finally:
        server.terminate()
        server.wait()
    figures = {
        name: {q: float(np.quantile(times, share)) for q, share in (("median", 0.5), ("p95", 0.95), ("worst", 1.0))}
        for name, times in found.items()
    }
    if asked.json:
        print(json.dumps({"milliseconds": figures, "load": os.getloadavg()}, indent=2))
        return
    for name, own in figures.items():
        print(f"{name}: median {own['median']:.0f} ms, p95 {own['p95']:.0f} ms, worst {own['worst']:.0f} ms")
    print("load of the machine (1, 5, 15 minutes):", *(f"{one:.1f}" for one in os.getloadavg()))


if __name__ == "__main__":
    main()
