"""`muse doctor`: which parts of muse work here, and how to install the others."""

import json
import sys
from itertools import groupby
from operator import itemgetter
from typing import Any

import typer

from muse.cli.exit_codes import ExitCode
from muse.cli.help_format import Command
from muse.cli.options import AsJson


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("doctor", cls=Command)(doctor)


def doctor(as_json: AsJson = False) -> int:
    """Check which parts of muse work here, and how to install the others.

    The list covers versions, devices, audio libraries, soundfonts, MIDI systems and weights; in a
    pipe it is JSON. The exit code is 1 if a part that the default settings need is missing.

    Example: muse doctor
    Example: muse doctor --json
    """
    from muse.tools.doctor.report import examine, report

    findings = report(examine())
    if as_json or not sys.stdout.isatty():
        print(json.dumps(findings))  # not msgspec, which may be missing
    else:
        print_findings(findings)
    return ExitCode.OK if findings["ok"] else ExitCode.FAILED


def print_findings(findings: dict[str, Any]) -> None:
    """Print a line for each part, group by group, then the commands that install the rest."""
    for group, parts in groupby(findings["parts"], key=itemgetter("group")):
        print(group)
        for part in parts:
            print(part_line(part))
    for part in findings["missing"]:
        word = "needed" if part["needed"] else "optional"
        print(f"{word}: {part['name']}: {part['command'] or 'no install command known'}")
    print("all needed parts are installed" if findings["ok"] else "a needed part is missing")


def part_line(part: dict[str, Any]) -> str:
    """Return the line of one part: a mark, its name and detail, and what it is used for."""
    mark = "+" if part["present"] else "!" if part["needed"] else "-"
    lost = f" (for {part['used_for']})" if part["used_for"] and not part["present"] else ""
    return f"  {mark} {part['name']:<16}{part['detail']}{lost}"
