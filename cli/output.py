"""Results on stdout: bytes or JSON in a pipe, tables on a terminal."""

import sys
from pathlib import Path
from typing import Any


def print_json(value: Any) -> None:
    """Write one JSON object on one line of stdout."""
    from muse.tools.files import json_bytes

    write_bytes(json_bytes(value) + b"\n")


def write_bytes(data: bytes) -> None:
    """Write bytes to stdout, after the text that was printed before."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def refuse_terminal(what: str) -> None:
    """Raise ParameterError if binary data would be written to a terminal."""
    if sys.stdout.isatty():
        from muse.tools.errors import ParameterError

        raise ParameterError(f"a terminal cannot show {what}; use a pipe, or name a file")


def refuse_raw_file(raw: bool, out: Path | None) -> None:
    """Raise ParameterError for --raw with a file, whose format is that of its suffix."""
    if raw and out is not None and out != Path("-"):
        from muse.tools.errors import ParameterError

        raise ParameterError("--raw writes to standard output; leave out --out")


def print_table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table on the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
