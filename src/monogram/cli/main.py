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
from typing import Annotated

import typer

from monogram import __version__
from monogram.cli import models, personalizing, reproducing, studies
from monogram.cli.terminal import terminal
from monogram.errors import (
    MonogramError,
    NoStoreError,
    OtherRunError,
    RunError,
    StoreError,
    UnknownIndividualError,
)

INTERRUPTED = 130  # exit status

app = typer.Typer(
    name="monogram",
    help="One model per person, at close to the price of one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(studies.study)
app.command()(reproducing.reproduce)
app.command()(studies.resume)
app.command()(studies.report)
app.command()(studies.sources)
app.command()(personalizing.personalize)
app.command(name="list")(models.list_models)
for command in (models.show, models.verify, models.predict, models.export, models.forget):
    app.command()(command)


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
