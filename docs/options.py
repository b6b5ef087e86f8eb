"""The commands' options as tables, read from the command line itself while pages are built.

In a page, `<!-- options: study -->` becomes the options of `monogram study`.
"""

import inspect
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from monogram.cli.main import function_of

MARK = re.compile(r"<!-- options: (\w+) -->")
RICH = re.compile(r"\[/?\w*\]")  # rich's [bold] … [/]
WORDS = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables into a page."""
    return MARK.sub(lambda match: table(match[1]), markdown)


def table(name: str) -> str:
    """What one command does and takes, as Markdown."""
    command = function_of(name)
    lines = [inspect.getdoc(command) or ""]
    panel: str | None = ""
    for parameter in inspect.signature(command).parameters.values():
        kind, told = get_args(parameter.annotation)
        if told.rich_help_panel != panel and isinstance(told, typer.models.OptionInfo):
            panel = told.rich_help_panel
            lines += ["", f"**{panel or 'Options'}**", "", "| option | default | meaning |"]
            lines += ["|---|---|---|"]
        help_text = RICH.sub("", told.help or "").replace("|", r"\|")
        if isinstance(told, typer.models.ArgumentInfo):
            lines += ["", f"`{parameter.name.upper()}`: {help_text}"]
        else:
            default = _default(parameter.default)
            lines.append(f"| {_names(parameter, kind, told)} | {default} | {help_text} |")
    return "\n".join(lines)


def _names(parameter: inspect.Parameter, kind: Any, told: Any) -> str:
    """An option as it is typed, with its short and its opposite form."""
    given = [told.default, *(told.param_decls or ())]  # typer keeps the first name apart
    names = [name for name in given if isinstance(name, str)]
    names = names or [f"--{parameter.name.replace('_', '-')}"]
    if kind is not bool:
        names[0] += f" {_value(kind)}"
    elif parameter.default:
        names.append(f"--no-{parameter.name.replace('_', '-')}")
    return ", ".join(f"`{name}`" for name in names)


def _value(kind: Any) -> str:
    """What an option takes: one of several words, or a kind of value."""
    if get_origin(kind) is Literal:
        return r"\|".join(get_args(kind))
    return next(word for one, word in WORDS.items() if one.__name__ in str(kind))


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value is False:
        return ""
    return "on" if value is True else f"`{value}`"
