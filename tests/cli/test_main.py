"""The command line as a whole: what it offers, and how soon."""

import inspect
import subprocess
import sys

import pytest

from monogram.cli.main import COMMANDS, function_of

OVERVIEW = "import sys; from monogram.cli.main import main; sys.argv = ['monogram', '--help']\n"
HEAVY = ("torch", "scipy", "matplotlib", "pandas", "sqlalchemy")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_of_a_command_what_its_function_does(name):
    summary = (inspect.getdoc(function_of(name)) or "").split("\n\n")[0]
    assert " ".join(summary.split()) == COMMANDS[name][1]


def test_the_overview_lists_every_command(monogram):
    answer = monogram("--help")
    assert answer.status == 0
    assert all(f" {name} " in answer.out for name in COMMANDS)


def test_the_overview_imports_nothing_heavy():
    script = (
        f"{OVERVIEW}try:\n    main()\nexcept SystemExit:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "Usage: monogram" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[]", shown.stderr


def test_a_misspelt_command_is_told_what_was_meant(monogram):
    answer = monogram("lst")
    assert answer.status == 2
    assert "Did you mean 'list'?" in answer.err
