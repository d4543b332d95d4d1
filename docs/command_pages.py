"""Write docs/commands/*.md and the man page muse.1 from the help of the commands.

Run `python docs/command_pages.py` to write the pages, with `--check` to exit with 1 if one differs.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from muse.cli.exit_codes import ExitCode
from muse.cli.help_format import EXAMPLE, examples_of, first_sentence
from muse.cli.main import app

Parameter = TyperArgument | TyperOption

FOLDER = Path(__file__).parent / "commands"
NO_PANEL = "Options"
MAN_SUMMARY = "separate, transcribe, compose and jam"


def main() -> int:
    """Write or check all pages; return the exit code."""
    pages = all_pages()
    if "--check" in sys.argv[1:]:
        stale = [name for name, text in pages.items() if page_on_disk(name) != text]
        print(*(f"docs/commands/{name} is not up to date" for name in stale), sep="\n")
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def page_on_disk(name: str) -> str:
    """Return the text of a page, empty if there is none."""
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def all_pages() -> dict[str, str]:
    """Return the text of every page by its file name: commands, an index, and the man page."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    pages = {f"{name}.md": page(name, command) for name, command in root.commands.items()}
    return pages | {"index.md": index(root.commands), "muse.1": man_page(root)}


def index(commands: dict[str, TyperCommand]) -> str:
    """Return the page that lists the commands."""
    rows = [
        f"| [muse {name}]({name}.md) | {first_sentence(command.help or '')} |"
        for name, command in commands.items()
    ]
    tree = ["```{toctree}", ":hidden:", "", *commands, "```"]
    return "\n".join(
        ["# Commands", "", *tree, "", "| command | what it does |", "|---|---|", *rows, ""]
    )


def page(name: str, command: TyperCommand) -> str:
    """Return the page of a command, its subcommands below it."""
    return "\n".join(section(f"muse {name}", command, "#")).rstrip() + "\n"


def section(title: str, command: TyperCommand, level: str) -> Iterator[str]:
    """Yield the lines of a command: what it does, examples, arguments, options, subcommands."""
    yield from (f"{level} {title}", "")
    for text in paragraphs(command):
        yield from (text, "")
    if examples := examples_of(command.help or ""):
        yield from ("```console", *(f"$ {line}" for line in examples), "```", "")
    for panel, parameters in panels(command).items():
        yield from (f"{level}# {panel}", "", "| name | meaning | default |", "|---|---|---|")
        yield from map(row, parameters)
        yield ""
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            yield from section(f"{title} {name}", each, level + "#")


def paragraphs(command: TyperCommand) -> list[str]:
    """Return the paragraphs of a command's help without its examples, each on one line."""
    lines = (command.help or "").splitlines()
    return paragraphs_of("\n".join(line for line in lines if not line.startswith(EXAMPLE)))


def paragraphs_of(text: str) -> list[str]:
    """Return the paragraphs of a text, each on one line."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def panels(command: TyperCommand) -> dict[str, list[Parameter]]:
    """Return arguments and options by the panel they are grouped in, in the order of the help."""
    found: dict[str, list[Parameter]] = {}
    for parameter in command.params:
        is_argument = isinstance(parameter, TyperArgument)
        default = "Arguments" if is_argument else NO_PANEL
        panel = getattr(parameter, "rich_help_panel", None) or default
        found.setdefault(panel, []).append(parameter)
    return found


def row(parameter: Parameter) -> str:
    """Return the table row of an argument or option: its names, its help, its default."""
    names, text = f"`{names_of(parameter)}`", help_of(parameter)
    return f"| {escaped(names)} | {escaped(text)} | {escaped(default_of(parameter))} |"


def names_of(parameter: Parameter) -> str:
    """Return an argument or option as it is typed."""
    if isinstance(parameter, TyperArgument):
        return str(parameter.make_metavar(context()))
    words = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return words if parameter.is_flag else f"{words} {parameter.make_metavar(context())}"


def help_of(parameter: Parameter) -> str:
    """Return the help of an argument or option on one line."""
    return " ".join((getattr(parameter, "help", None) or "").split())


def context() -> typer.Context:
    """Return a context to format metavars in."""
    return typer.Context(TyperCommand("muse"))


def default_of(parameter: Parameter) -> str:
    """Return the default as the help shows it, empty if it shows none."""
    shown = getattr(parameter, "show_default", None)
    if isinstance(shown, str):
        return shown
    is_set = parameter.default is not None and parameter.default is not False
    is_shown = shown and is_set and parameter.default not in ("", [], ())
    return f"`{parameter.default}`" if is_shown and not callable(parameter.default) else ""


def man_page(root: TyperGroup) -> str:
    """Return the man page of all commands, in the macros of man(7)."""
    lines = ['.TH MUSE 1 "" "muse" "User Commands"', ".SH NAME", f"muse \\- {MAN_SUMMARY}"]
    lines += [".SH SYNOPSIS", ".B muse", ".I COMMAND", "[OPTIONS] ..."]
    lines += [".SH DESCRIPTION", *man_body(root), ".SH COMMANDS"]
    for name, command in root.commands.items():
        lines += man_section(f"muse {name}", command)
    lines += [".SH EXIT STATUS"]
    for code in ExitCode:
        lines += man_item(str(int(code)), code.name.lower().replace("_", " "))
    return "\n".join(lines) + "\n"


def man_section(title: str, command: TyperCommand) -> Iterator[str]:
    """Yield the lines of a command and of its subcommands."""
    yield f".SS {roff(title)}"
    yield from man_body(command)
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            yield from man_section(f"{title} {name}", each)


def man_body(command: TyperCommand) -> Iterator[str]:
    """Yield what a command does, its examples, and its arguments and options."""
    for text in paragraphs(command):
        yield from (".PP", roff(text))
    if examples := examples_of(command.help or ""):
        yield from (".PP", ".nf", *map(roff, examples), ".fi")
    for parameters in panels(command).values():
        for parameter in parameters:
            default = default_of(parameter).strip("`")
            text = help_of(parameter) + (f" [default: {default}]" if default else "")
            yield from man_item(names_of(parameter), text)
    for text in paragraphs_of(command.epilog or ""):
        yield from (".PP", roff(text))


def man_item(name: str, text: str) -> list[str]:
    """Return the lines of a name and what it means."""
    return [".TP", f".B {roff(name)}", roff(text)]


def roff(text: str) -> str:
    """Return a text that roff shows as it is."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain


def escaped(text: str) -> str:
    """Return a text for a cell of a Markdown table."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
