"""Help texts: every command and option is explained, in nouns, with examples that run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from muse.cli.help_format import examples_of, first_sentence
from muse.cli.main import SUMMARIES, app, run

EXAMPLES = Path(__file__).parent.parent / "examples"
TYPERS_OWN = {"help", "install_completion", "show_completion"}
LEAST_WORDS = 4
# option help names a thing; these would begin a sentence about what the option does, or a riddle
BAD_STARTS = {
    *(
        "Of",
        "Who",
        "What",
        "So",
        "Below",
        "As",
        "In",
        "On",
        "At",
        "Where",
        "How",
        "To",
        "Or",
        "Those",
    ),
    *("Add", "Ask", "Be", "Begin", "Change", "Choose", "Continue", "Count", "Do", "Draw", "Give"),
    *("Go", "Keep", "Learn", "Leave", "Look", "Make", "Measure", "Pack", "Play", "Print"),
    *("Put", "Read", "Say", "Set", "Show", "Skip", "Snap", "Stop", "Take", "Tell", "Turn", "Use"),
    *("Write", "Add", "Save", "Start", "Train", "Detect", "Generate", "Return"),
}


def walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it."""
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from walk((*path, name), each)


TREE = dict(walk(("muse",), get_command(app)))
OPTIONS = [
    (" ".join([*path, param.name]), param)
    for path, command in TREE.items()
    for param in command.params
    if param.name not in TYPERS_OWN
]
LINES = {line: path for path, command in TREE.items() for line in examples_of(command.help or "")}

# lines that are run in another way, or not at all
CHANGED = {
    "muse train chord-lstm --data songs/ --epochs 20": " --dry-run --device cpu",
    "muse intervals generate -n 5000 -o clips/ --jobs 2": " -n 2",
    "muse intervals generate -o gm/ --timbre gm:train --direction together --snr 10:40": " -n 2",
    "muse intervals quiz --level 2 --stats ear.jsonl": " --no-play -n 1 < /dev/null",
}
NOT_RUN = {
    'muse jam --in "Digital Piano" --style neo-soul --record take': "needs a MIDI keyboard",
    "muse jam --list-ports": "needs a MIDI system",
    "muse train chord-lstm --resume runs/run_20250101_120000 --export weights/": "needs a run",
    "torchrun --nproc-per-node 4 --no-python muse train chord-transformer --data songs/": (
        "trains for hours"
    ),
    "muse models fetch htdemucs": "needs a network",
}


def test_the_tree_has_all_commands() -> None:
    assert {path[1] for path in TREE if len(path) == 2} == SUMMARIES.keys()
    assert len(TREE) > 24
    assert len(OPTIONS) > 180


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_a_command_opens_with_one_sentence_and_has_examples(path: tuple[str, ...]) -> None:
    help = TREE[path].help
    opening = first_sentence(help)
    assert len(opening.split()) >= LEAST_WORDS
    assert opening[0].isupper()
    assert opening.endswith(".")
    assert 1 <= len(examples_of(help)) <= 3
    if len(path) == 2:
        assert opening == SUMMARIES[path[1]]


@pytest.mark.parametrize(("name", "param"), OPTIONS, ids=[name for name, _ in OPTIONS])
def test_an_option_has_a_noun_phrase(name: str, param: Any) -> None:
    words = param.help.split()
    assert len(words) >= LEAST_WORDS
    assert words[0] not in BAD_STARTS
    assert param.help[0].isupper() or param.help[0] == "'"
    assert param.help.endswith(".")
    assert "default" not in param.help.lower()


@pytest.mark.parametrize(("name", "param"), OPTIONS, ids=[name for name, _ in OPTIONS])
def test_an_option_stands_in_a_panel(name: str, param: Any) -> None:
    if param.param_type_name == "option" and param.name != "version":
        assert param.rich_help_panel


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_examples_are_not_folded_and_panels_have_headings(path: tuple[str, ...], muse) -> None:
    shown = muse(*path[1:], "--help").out.decode()
    for line in examples_of(TREE[path].help):
        assert f"\n  {line}\n" in shown
    for param in TREE[path].params:
        if param.param_type_name == "option" and param.rich_help_panel:
            assert f"\n{param.rich_help_panel}:\n" in shown
    assert "default: (" not in shown
    assert "\x1b" not in shown
    assert not re.search(r"x[<>]=|<=x", shown)


def test_help_is_bold_on_a_terminal_without_rich() -> None:
    program = (
        "import sys\nfrom muse.cli.main import run\n"
        "sys.stdout.isatty = sys.stderr.isatty = lambda: True\n"
        "run(['chords', '--help'])\nassert 'rich' not in sys.modules\n"
    )
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-c", program]
    shown = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "\x1b[1mMusic\x1b[0m:" in shown.stdout
    plain = subprocess.run(
        command, capture_output=True, text=True, env={**environment, "NO_COLOR": "1"}, check=True
    )
    assert "\x1b" not in plain.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that examples name: the example song, two seconds of audio."""
    place = tmp_path_factory.mktemp("examples")
    for name in ("song", "melody", "solo", "truth", "estimate", "tune"):
        shutil.copy(EXAMPLES / "paper_lanterns.mid", place / f"{name}.mid")
    for name in ("midi", "pop909", "made"):
        (place / name).mkdir()
        shutil.copy(EXAMPLES / "paper_lanterns.mid", place / name / "lanterns.mid")
    words = ["chords", "--count", "12", "--seed", "1", "-o", str(place / "songs" / "song.json")]
    (place / "songs").mkdir()
    assert run(words) == 0
    import soundfile

    audio, rate = soundfile.read(EXAMPLES / "paper_lanterns.ogg", frames=4 * 44_100, start=441_000)
    for name in ("song", "bass", "melody"):
        soundfile.write(place / f"{name}.wav", audio, rate)
    return place


def runnable_lines() -> list[Any]:
    """Return the example lines that can run in a test, with the markers of what they need."""
    needs = {"ffmpeg": "needs_ffmpeg", "render": "needs_fluidsynth", ".wav": "needs_fluidsynth"}
    return [
        pytest.param(
            line, marks=[getattr(pytest.mark, mark) for word, mark in needs.items() if word in line]
        )
        for line in LINES
        if line not in NOT_RUN
    ]


@pytest.mark.parametrize("line", runnable_lines())
def test_an_example_runs(line: str, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", line + CHANGED.get(line, "")],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_the_list_of_special_lines_is_not_stale() -> None:
    assert {*CHANGED, *NOT_RUN} <= LINES.keys()
