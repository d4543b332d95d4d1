"""Help texts: options grouped by panel, examples on lines of their own; bold on a terminal.

The text is the same in a pipe and on a terminal. typer's rich help is not used: importing rich
takes longer than everything else that `muse --help` does.
"""

import inspect
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXAMPLE = "Example: "
NO_PANEL = "Options"
ARGUMENTS = "Arguments"
COMMANDS = "Commands"
NAME_WIDTH = 26  # columns; longer option names have the help on the next line
# how typer writes defaults in words and ranges of numbers, and how they read better
REWORDINGS = (
    (re.compile(r"\[default: \((.*?)\)(?=[;\]])"), r"[default: \1"),
    (re.compile(r"([\d.]+)<=x<=([\d.]+)\]"), r"\1 to \2]"),
    (re.compile(r"x>=([\d.]+)\]"), r"at least \1]"),
)


class BareCompletion:
    """Completion without descriptions: typer would import rich to write them."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return the names that complete a word."""
        items: list[Any] = super().shell_complete(ctx, incomplete)  # type: ignore[misc]
        for item in items:
            item.help = None
        return items


class Command(BareCompletion, TyperCommand):
    """A command whose help groups options by panel and never folds an example."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line, without typer's braces around arguments."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description, then the examples."""
        write_description(self.help or "", formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, panel by panel."""
        write_params(self.get_params(ctx), ctx, formatter)


class Group(BareCompletion, TyperGroup):
    """A group of commands with the same help, and all commands listed with their first sentence."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description, then the examples."""
        write_description(self.help or "", formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        write_params(self.get_params(ctx), ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the name and first sentence of each command."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        rows = [(name, first_sentence(each.help or "")) for name, each in commands]
        write_section(COMMANDS, rows, formatter)


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop at the end of a line or before a blank."""
    paragraph = " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph)[0]


def examples_of(text: str) -> list[str]:
    """Return the command lines after 'Example: ' in a help text."""
    lines = inspect.cleandoc(text).splitlines()
    return [line.removeprefix(EXAMPLE) for line in lines if line.startswith(EXAMPLE)]


def write_description(text: str, formatter: Any) -> None:
    """Write a command's help: folded text, then the examples unfolded."""
    lines = inspect.cleandoc(text).splitlines()
    prose = "\n".join(line for line in lines if not line.startswith(EXAMPLE))
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(prose.strip())
    if examples := examples_of(text):
        with formatter.section(styled("Examples", bold=True)):
            for example in examples:
                formatter.write(f"  {example}\n")


def write_params(params: Iterable[Any], ctx: Any, formatter: Any) -> None:
    """Write arguments and options under the headings of their panels, in the order declared."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for param in params:
        row = param.get_help_record(ctx)
        if row is not None:
            usual = ARGUMENTS if param.param_type_name == "argument" else NO_PANEL
            panel = panels.setdefault(param.rich_help_panel or usual, [])
            panel.append((row[0], reworded(row[1])))
    rest = panels.pop(NO_PANEL, [])
    for name, rows in panels.items():
        write_section(name, rows, formatter)
    write_section(NO_PANEL, rest, formatter)


def reworded(help: str) -> str:
    """Return an option's help with its default and range in plain words."""
    for pattern, words in REWORDINGS:
        help = pattern.sub(words, help)
    return help


def write_section(heading: str, rows: list[tuple[str, str]], formatter: Any) -> None:
    """Write rows of a name and its help below a heading."""
    if rows:
        with formatter.section(styled(heading, bold=True)):
            formatter.write_dl([(styled(name), text) for name, text in rows], NAME_WIDTH)


def styled(text: str, *, bold: bool = False) -> str:
    """Return text in bold, or in cyan, where a terminal shows it."""
    if not has_color():
        return text
    return typer.style(text, bold=True) if bold else typer.style(text, fg="cyan")


def has_color() -> bool:
    """Return whether help is read on a terminal that shows colors."""
    is_plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and sys.stderr.isatty() and not is_plain
