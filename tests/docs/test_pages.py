"""Every example in the README and in docs/ runs, from the top of its page to the bottom.

A page is a story: its blocks share one working directory and one set of Python names. In it

    ```python                     is executed
    ```python title="mine.py"     is written to mine.py
    ```sh                         has its `monogram` commands executed, in this process
    ```console, ```text           only show something

A command on the user's own files is executed as it stands, with one epoch and one worker unless it
says otherwise, so is one on a run directory that is there by then; without drawing the report's plots, which have
tests of their own; a comment `# exit status 3` names a status other than 0. A command on a named
source would take minutes: its options are parsed, no more.

No ready-made tool fits: pytest-markdown-docs knows Python alone, mktestdocs runs shell blocks in
processes that import PyTorch anew each time, and Sybil would need an evaluator of its own for each
of the kinds above, which is most of this file.
"""

import re
import shlex
import sys
from pathlib import Path

import pytest
import typer.main

from monogram.cli.main import app, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')
SHORT = {"--epochs": "1", "--workers": "1"}


def blocks(page):
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        indent, language, options, body = match.groups()
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        yield language, TITLE.search(options), "\n".join(lines) + "\n"


def commands(body):
    """The arguments of each `monogram` command of a shell block, and the status it ends with."""
    for line in body.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and Path(words[0]).name == "monogram":
            status = re.search(r"# exit status (\d)", line)
            yield words[1:], int(status[1]) if status else 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("monogram.cli.studies.write_report", lambda _, file: file.write_text(""))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    known = set(sys.modules)
    names = {"__name__": "__main__"}
    for language, title, body in blocks(page):
        if title and language == "python":
            Path(title[1]).write_text(body)
        elif language == "python":
            exec(compile(body, str(page), "exec"), names)
        elif language == "sh":
            for arguments, status in commands(body):
                run(arguments, status, monkeypatch, capsys)
    for name in set(sys.modules) - known:  # modules of this page's directory
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def run(arguments, status, monkeypatch, capsys):
    parsed = parse(arguments)
    if arguments[0] == "study" and not parsed["data"]:
        return
    if arguments[0] in ("resume", "report") and not parsed["folder"].exists():
        return
    if arguments[0] == "study":
        arguments = [*arguments, "--quiet"]
        for option, value in SHORT.items():
            arguments += [] if parsed[option.strip("-")] else [option, value]
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["monogram", *arguments])
    ended = 0
    try:
        main()
    except SystemExit as leave:
        ended = leave.code
    told = capsys.readouterr()
    assert (ended or 0) == status, f"monogram {shlex.join(arguments)}\n{told.err}"


def parse(arguments):
    """The values of a command's options, as the command line itself reads them."""
    name, *rest = arguments
    command = typer.main.get_command(app).commands[name]
    with command.make_context(name, rest) as context:
        return context.params


def test_options_in_running_text_exist():
    """`--option` in any page is an option of some command of ours, or of a tool named below."""
    others = {"--strict", "--no-deps", "--force-reinstall", "--all", "--help", "--version"}
    commands_ = typer.main.get_command(app).commands.values()
    known = {
        option
        for command in commands_
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for page in PAGES:
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", page.read_text(encoding="utf-8")):
            assert option in known | others, f"{page.name}: {option}"
