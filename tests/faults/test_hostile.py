"""Every command with every option at hostile values: one line of explanation, never a traceback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from muse.cli.exit_codes import ExitCode
from muse.cli.main import app

NUMBERS = ("-1", "nan", "9" * 23)
TEXTS = ("", "\udce9", "a\n" + "x" * 5000)
# a command line of each command to which the hostile option is added; its files are missing where
# reading them takes long, and the option is then refused before or not at all
LINES = {
    "chords": ["--bars", "1", "--model", "ngram", "--seed", "1"],
    "doctor": None,  # takes no values
    "eval chords": ["missing.mid"],
    "eval melody": ["missing.mid"],
    "eval symbolic": ["missing.mid"],
    "eval transcription": ["missing.mid", "missing.mid"],
    "intervals generate": ["-o", "clips", "--count", "1", "--dry-run"],
    "intervals hear": ["missing.wav"],
    "intervals name": ["C4", "E4"],
    "intervals quiz": ["--count", "1", "--stats", "stats.jsonl", "--level", "99"],
    "jam": ["--in", "missing.mid", "--out", "band.mid"],
    "melody": ["missing.mid"],
    "models fetch": ["missing"],
    "models list": None,
    "models path": ["missing"],
    "render": ["missing.mid", "-o", "song.wav"],
    "schema": None,
    "separate": ["missing.wav", "-o", "stems"],
    "tokenize": ["missing.mid"],
    "train": ["chord-lstm", "--dry-run", "--data", "missing"],
    "transcribe": ["missing.wav", "-o", "stems"],
    "view": ["missing.mid"],
}
CODES = {ExitCode.OK, ExitCode.FAILED, ExitCode.USAGE, ExitCode.MISSING_PART, ExitCode.BAD_INPUT}


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each command without subcommands, with its name."""
    for name in getattr(command, "commands", ()):
        yield from leaves(command.commands[name], (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command


COMMANDS = dict(leaves(get_command(app)))


def hostile_lines(name: str) -> Iterator[list[str]]:
    """Yield command lines of one command, each with one hostile value."""
    line = LINES[name]
    for param in COMMANDS[name].params if line else ():
        if getattr(param, "is_flag", False):
            continue
        for value in (*NUMBERS, *TEXTS):
            option = param.opts[-1]
            if option.startswith("-"):
                yield [*name.split(), *line, f"{option}={value}"]
            elif not value.startswith("-"):
                yield [*name.split(), value, *line[1:]]


def test_every_command_is_in_the_table() -> None:
    assert sorted(COMMANDS) == sorted(LINES)


@pytest.mark.parametrize("name", LINES)
def test_hostile_values(muse, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("HOME", "MUSE_DATA", "MUSE_CACHE"):
        monkeypatch.setenv(folder, str(tmp_path / "home"))
    for words in hostile_lines(name):
        result = muse(*words)
        assert result.code in CODES, words
        assert "(a bug" not in result.err, (words, result.err)
        assert "Traceback" not in result.err, (words, result.err)
        if result.code:
            assert result.err.splitlines()[-1].startswith("muse: "), (words, result.err)
