"""`muse doctor`: what is here, what is missing, and the command that brings it."""

import json
import sys
from itertools import groupby
from operator import itemgetter
from typing import Any

import typer

from muse.cli.exit_codes import ExitCode
from muse.cli.options import AsJson


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("doctor")(doctor)


def doctor(as_json: AsJson = False) -> int:
    """Tell what of muse works on this machine, and how to get what is missing.

    Versions, devices, sound libraries, soundfonts, MIDI, engines and weights: a list on a terminal,
    JSON in a pipe. Ends with code 1 when something the defaults need is missing.

    Example: muse doctor --json
    """
    from muse.tools.doctor.report import examine, report

    findings = report(examine())
    if as_json or not sys.stdout.isatty():
        print(json.dumps(findings))  # the standard library's: msgspec may be what is missing
    else:
        print_findings(findings)
    return ExitCode.OK if findings["ok"] else ExitCode.FAILED


def print_findings(findings: dict[str, Any]) -> None:
    """A line for each part, group by group, then what to run."""
    for group, parts in groupby(findings["parts"], key=itemgetter("group")):
        print(group)
        for part in parts:
            print(part_line(part))
    for part in findings["missing"]:
        word = "needed" if part["needed"] else "optional"
        print(f"{word}: {part['name']}: {part['command'] or 'no command brings it'}")
    print(
        "everything the defaults need is here" if findings["ok"] else "something needed is missing"
    )


def part_line(part: dict[str, Any]) -> str:
    """One part: whether it is here, its name, and its detail with what goes without it."""
    mark = "+" if part["present"] else "!" if part["needed"] else "-"
    lost = f" (for {part['used_for']})" if part["used_for"] and not part["present"] else ""
    return f"  {mark} {part['name']:<16}{part['detail']}{lost}"
