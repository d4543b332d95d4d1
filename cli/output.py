"""Results to stdout: bytes or JSON into a pipe, something readable on a terminal."""

import sys
from typing import Any


def print_json(value: Any) -> None:
    """One JSON object on one line of stdout."""
    import msgspec

    write_bytes(msgspec.json.encode(value) + b"\n")


def write_bytes(data: bytes) -> None:
    """Bytes to stdout, after whatever text was printed before."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def refuse_terminal(what: str) -> None:
    """Raise ParameterError when binary data would be written on a terminal."""
    if sys.stdout.isatty():
        from muse.tools.errors import ParameterError

        raise ParameterError(f"{what} is not for a terminal; send it to a pipe, or name a file")


def print_table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table on stdout, for people."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
