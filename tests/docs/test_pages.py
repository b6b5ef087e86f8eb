"""Every example in the README and in docs/ runs, from the top of its page to the bottom.

A page is a story: its blocks share one working directory and one set of Python names. In it

    ```python                     is executed
    ```python title="mine.py"     is written to mine.py, so is one that begins with `# mine.py`
    ```sh                         has its `monogram` commands executed, in this process
    ```console, ```text           only show something

A command on the user's own files is executed as it stands, with one epoch and one worker unless it
says otherwise; so is one on a run directory that is there by then. The page with plots, which has
tests of its own, is left out. A comment `# exit status 3` names a status other than 0. A command on
a named source would take minutes: its options are parsed, no more.

No ready-made tool fits: pytest-markdown-docs knows Python alone, mktestdocs runs shell blocks in
processes that import PyTorch anew each time, and Sybil would need an evaluator of its own for each
of the kinds above, which is most of this file.
"""

import importlib
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monogram.cli.main import COMMANDS, command_of, main
from monogram.engine import Row
from monogram.measure import Comparison, Spread
from monogram.study import Choice, CurriculumSummary, Summary

ROOT = Path(__file__).parents[2]
LINES = {name: command_of(name) for name in COMMANDS}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r'.*title="(?P<titled>[^"]+)"|\n# (?P<named>\w+\.py)\n')

UNWRITTEN = {"serve"}  # rooms that are still being built


def blocks(page):
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        indent, language, options, body = match.groups()
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        body = "\n".join(lines) + "\n"
        yield language, FILE.match(options) or FILE.match("\n" + body), body


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
    names = {"__name__": "__main__"} | (readers_own_data() if page.name == "README.md" else {})
    engine = importlib.import_module("monogram.engine.execute")  # a function has the same name
    monkeypatch.setattr(engine, "default_workers", lambda _: 1)
    monkeypatch.setattr("monogram.study.study.default_epochs", lambda *_: 1)
    monkeypatch.setattr(
        "monogram.cli.running.write_report", lambda _, file, **__: file.write_text("")
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    known = set(sys.modules)
    for language, file, body in blocks(page):
        if file and language == "python":
            Path(file["titled"] or file["named"]).write_text(body)
            importlib.invalidate_caches()
        elif language == "python":
            exec(compile(body, str(page), "exec"), names)
        elif language == "sh":
            for arguments, status in commands(body):
                run(arguments, status, monkeypatch, capsys)
    for name in set(sys.modules) - known:  # modules of this page's directory
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def readers_own_data():
    """What the README takes for granted: people.parquet, and the same in arrays."""
    draw = np.random.default_rng(0)
    users = np.repeat(["anna", "ben", "cleo", "dan"], 30)
    labels = np.tile(["rest", "walk", "run"], 40)
    inputs = draw.normal(size=(120, 3)) + np.tile([[0.0], [2.0], [4.0]], (40, 1))
    columns = {"user": users, "activity": labels} | dict(zip("xyz", inputs.T, strict=True))
    pq.write_table(pa.table(columns), "people.parquet")
    shared = {"shared_inputs": inputs[60:], "shared_labels": labels[60:]}
    return {"inputs": inputs[:60], "labels": labels[:60], "individuals": users[:60]} | shared


def run(arguments, status, monkeypatch, capsys):
    parsed = parse(arguments)
    if arguments[0] == "reproduce" or (arguments[0] == "study" and not parsed["data"]):
        return  # takes minutes, or data that do not come along
    if arguments[0] in ("resume", "report") and not parsed["folder"].exists():
        return
    if arguments[0] == "study":
        arguments = [*arguments, "--quiet"]
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["monogram", *arguments])
    ended: object = 0
    try:
        main()
    except SystemExit as leave:
        ended = leave.code
    told = capsys.readouterr()
    assert (ended or 0) == status, f"monogram {shlex.join(arguments)}\n{told.err}"


def parse(arguments):
    """The values of a command's options, as the command line itself reads them."""
    name, *rest = arguments
    command = LINES[name]
    with command.make_context(name, rest) as context:
        return context.params


def test_every_command_has_its_options_on_the_page_of_commands():
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    for name in LINES:
        assert f"<!-- options: {name} -->" in page, name


def test_options_in_running_text_exist():
    """`--option` in any page is an option of some command of ours, or of a tool named below."""
    others = {"--strict", "--no-deps", "--force-reinstall", "--all", "--help", "--version"}
    known = {
        option
        for command in LINES.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for page in PAGES:
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", page.read_text(encoding="utf-8")):
            assert option in known | others, f"{page.name}: {option}"


def test_every_column_and_key_is_explained():
    text = (ROOT / "docs" / "howto" / "read-results.md").read_text(encoding="utf-8")
    added = ("base_personal_accuracy", "relative_cost_marginal", "relative_cost_amortised")
    values = (Row, Summary, CurriculumSummary, Choice, Spread, Comparison)
    names = {field.name for value in values for field in fields(value)} | {*added}
    assert not {name for name in names if f"`{name}`" not in text}


def test_every_room_has_a_reference_page():
    pages = {page.stem for page in (ROOT / "docs" / "reference").glob("*.md")} - {"index"}
    rooms = {file.parent.name for file in (ROOT / "src" / "monogram").glob("*/__init__.py")}
    assert not pages - rooms - {"errors"}
    assert not rooms - pages - UNWRITTEN


def test_reports_in_the_docs_name_no_folder_of_the_machine_that_made_them():
    reports = sorted((ROOT / "docs" / "reproduction").glob("*.html"))
    assert reports
    for report in reports:
        command = re.search(r"<dt>Command</dt><dd>(.*?)</dd>", report.read_text("utf-8"))
        assert command, report
        assert not any(word.startswith("/") for word in command[1].split()), report
