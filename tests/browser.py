"""Debian's chromium without a window: what a page looks like, and what its scripts would see."""

import json
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 120  # seconds

PROBE = """<!DOCTYPE html><html><body>
<iframe id="page" style="border: 0; width: {width}px; height: 800px" srcdoc="{page}"></iframe>
<pre id="answer"></pre>
<script>
window.addEventListener("load", () => {{
  const frame = document.getElementById("page").contentWindow, document_ = frame.document;
  const answer = (({question}))(document_, frame);
  document.getElementById("answer").textContent = "ANSWER" + JSON.stringify(answer) + "ANSWER";
}});
</script></body></html>"""


class Browser:
    """One that forgets everything.

    Args:
        program: path of chromium.
        folder: to write to.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def run(self, *options: str) -> str:
        """What chromium prints."""
        profile = f"--user-data-dir={self._folder / 'profile'}"
        command = [self._program, *QUIET, profile, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
        return done.stdout

    def ask(self, html: str, question: str, width: int = 1280):
        """What a JavaScript function of (document, window) answers within a page.

        Args:
            html: the page.
            question: the function's source.
            width: of its window, in pixels.
        """
        probe = self._folder / "probe.html"
        probe.write_text(
            PROBE.format(page=escape(html), question=question, width=width), encoding="utf-8"
        )
        dumped = self.run(f"--window-size={max(width, 600)},900", "--dump-dom", probe.as_uri())
        return json.loads(dumped.split('id="answer"')[1].split("ANSWER")[1])

    def screenshot(self, page: Path, *options: str) -> Path:
        """A PNG of a page's beginning."""
        picture = self._folder / "screen.png"
        self.run(f"--screenshot={picture}", "--window-size=1280,900", *options, page.as_uri())
        return picture

    def pdf(self, page: Path) -> bytes:
        """A page as it prints."""
        printed = self._folder / "page.pdf"
        self.run(f"--print-to-pdf={printed}", "--no-pdf-header-footer", page.as_uri())
        return printed.read_bytes()


def find_browser(folder: Path) -> Browser:
    """A browser, or the test is skipped."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium here; on Debian: apt-get install chromium")
    return Browser(program, folder)
