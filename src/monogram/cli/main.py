"""The commands, and how errors leave the process.

exit status   meaning
0             everything was done
1             it could not be done or go on (a full disk, a killed worker, a run in use, a damaged
              store)
2             something is wrong with what was asked or given
3             done, but without some: individuals set aside, or trainings that failed
130           interrupted; the same command goes on
"""

import errno
import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from monogram import __version__
from monogram.cli.terminal import terminal
from monogram.errors import (
    MonogramError,
    NoStoreError,
    OtherRunError,
    RunError,
    StoreError,
    UnknownIndividualError,
)
from monogram.importing import import_uncollected

INTERRUPTED = 130  # exit status

COMMANDS = {
    "study": (
        "studies:study",
        "Find out whether personalizing pays, which way, at what cost, and who is worse off.",
    ),
    "reproduce": (
        "reproducing:reproduce",
        "Repeat the paper's evaluation: all rows of its Table 2, its claims judged, and beyond it.",
    ),
    "resume": (
        "studies:resume",
        "Go on with a run that was interrupted; finished ones are only shown.",
    ),
    "report": (
        "studies:report",
        "Show a run's results again and write its report page anew.",
    ),
    "sources": ("studies:sources", "List the named sources."),
    "personalize": (
        "personalizing:personalize",
        "Train a model for every individual, let it pass the guard, and keep it in a store.",
    ),
    "list": (
        "models:list_models",
        "List the individuals with their decisions and figures.",
    ),
    "show": (
        "models:show",
        "Show a person's figures, versions, decisions and where they come from; or the bases.",
    ),
    "verify": ("models:verify", "Check every hash, and say what is damaged (exit status 1)."),
    "predict": ("models:predict", "Predict each sample by its own individual's model."),
    "export": (
        "models:export",
        "Write one person's model for use elsewhere, and check it by running it.",
    ),
    "forget": (
        "models:forget",
        "Remove an individual everywhere, prove it, and leave a receipt without its data.",
    ),
}
"""Where each command's function is, and its summary: the overview needs no more of it."""


class _Commands(TyperGroup):
    """Imports a command when it is called: PyTorch alone takes seconds."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The name, the command itself and the arguments that are left."""
        name, known, left = super().resolve_command(ctx, args)
        return name, known and command_of(str(name)), left


app = typer.Typer(
    name="monogram",
    cls=_Commands,
    help="One model per person, at close to the price of one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for _name, (_, _summary) in COMMANDS.items():
    app.command(_name, help=_summary)(lambda: None)


def function_of(command: str) -> Callable[..., None]:
    """The function that a command is, by its name."""
    module, _, function = COMMANDS[command][0].partition(":")
    found: Callable[..., None] = getattr(import_uncollected(f"monogram.cli.{module}"), function)
    return found


def command_of(name: str) -> Any:
    """The command line of a command, by its name."""
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(name)(function_of(name))
    return typer.main.get_command(alone)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"monogram {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """One model per person, at close to the price of one."""


def main() -> None:
    """Run the command of this process and exit with its status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as cleanly as at Ctrl-C
    try:
        app()
    except SystemExit as left:  # typer turns an interrupt into this status, without a word
        if left.code != INTERRUPTED:
            raise
        _fail(
            "interrupted; what is finished is kept, and the same command goes on from there",
            INTERRUPTED,
        )
    except (UnknownIndividualError, NoStoreError, OtherRunError) as error:
        _fail(str(error), 2)
    except (RunError, StoreError) as error:
        _fail(str(error), 1)
    except MonogramError as error:
        _fail(str(error), 2)
    except BrokenPipeError:
        sys.exit(141)  # whoever read the output has gone: what a shell expects of SIGPIPE
    except OSError as error:
        hint = ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
            hint = "; make room, then give the same command again: it goes on from what is finished"
        _fail(f"{error}{hint}", 1)


def _fail(message: str, status: int) -> None:
    terminal(stderr=True).print(f"monogram: {message}")
    sys.exit(status)
