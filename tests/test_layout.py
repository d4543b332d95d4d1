"""The rooms hold: who imports whom, what is heavy, and that every command is documented."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from muse.cli.main import SUMMARIES

ROOT = Path(__file__).parent.parent
ROOMS = {"cli": {"cli", "tools"}, "tools": {"tools", "models"}, "models": {"models"}}
# tools/jam: what passes between the rooms belongs to all; the rooms do not know of each other
PASSING = {"clock", "events", "grid", "midi_bytes", "section_styles", "solo"}
JAM = {
    "harmony": {"harmony", "events", "grid", "solo"},
    "tempo": {"tempo", "clock", "events"},
    "band": {"band", "events", "grid", "midi_bytes", "section_styles"},
    "ports": {"ports", "clock", "events", "midi_bytes"},
    "takes": {"takes", "events", "midi_bytes"},
}
# The rooms of tools/, from the lowest to the highest: a room imports only rooms before it.
# `evaluation.symbolic` measures Songs and serves the melody engine; the rest of `evaluation` scores
# the models of chords and melodies, so it comes after them.
ORDER = (
    "errors",
    "temporary",
    "streams",
    "files",
    "progress",
    "weights",
    "song",
    "theory",
    "audio",
    "notation",
    "datasets",
    "view",
    "tokens",
    "generation",
    "evaluation.symbolic",
    "chords",
    "melody",
    "evaluation",
    "separation",
    "transcription",
    "intervals",
    "jam",
    "doctor",
    "training",
)
# The only imports of a higher room, with their reasons. Those of the files in LAZY are inside
# functions, so that they run for the format in use only.
UPWARD = {
    "song/conversions.py": {"notation", "datasets", "theory"},  # Song to music21 and back
    "song/export.py": {"audio", "view"},  # a song is written to any format by its suffix
    "song/jams_format.py": {"theory"},  # chord symbols in Harte spelling
    "song/midi.py": {"theory"},  # key signatures need the spelling of the tonic
    "song/signatures.py": {"theory"},
    "song/midi_writer.py": {"theory"},  # as in song/midi.py
    "song/midi_markers.py": {"theory"},  # a marker that reads as a chord symbol is a chord
}
LAZY = {"song/conversions.py", "song/jams_format.py"}
HEAVY = {
    "torch",
    "librosa",
    "numpy",
    "scipy",
    "symusic",
    "onnxruntime",
    "rich",
    "msgspec",
    "demucs",
}


def imported(path: Path, package: str) -> set[str]:
    """What a file imports from a package, at any depth: the first name below it."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    below = f"{package}."
    return {name.removeprefix(below).split(".")[0] for name in names if name.startswith(below)}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert imported(path, "muse") <= ROOMS[room], path


def test_the_python_api_imports_tools_only() -> None:
    starts_the_command = ROOT / "api" / "__main__.py"
    for path in {*(ROOT / "api").glob("*.py")} - {starts_the_command}:
        assert imported(path, "muse") <= {"tools", "functions"}, path


@pytest.mark.parametrize("room", JAM)
def test_rooms_of_the_jam_keep_apart(room: str) -> None:
    for path in (ROOT / "tools" / "jam" / room).rglob("*.py"):
        assert imported(path, "muse.tools.jam") <= JAM[room], path


def test_what_ties_the_jam_together_is_on_top() -> None:
    jam = ROOT / "tools" / "jam"
    assert {path.parent.name for path in jam.glob("*/__init__.py")} == {*JAM, "benchmark"}
    top = {path.stem for path in jam.glob("*.py")}
    for path in jam.glob("*.py"):
        allowed = PASSING if path.stem in PASSING else top | {*JAM}
        assert imported(path, "muse.tools.jam") <= allowed, path


def room_of(module: str) -> str:
    """Return the room of a module, given without `muse.tools.`."""
    return max((r for r in ORDER if f"{module}.".startswith(f"{r}.")), key=len, default=module)


def room_imports(path: Path) -> tuple[set[str], set[str]]:
    """Return the other rooms that a file of tools/ imports, and those it imports when loaded."""
    own = room_of(".".join(path.relative_to(ROOT / "tools").with_suffix("").parts))
    found: tuple[set[str], set[str]] = (set(), set())
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("muse.tools."):
                room = room_of(name.removeprefix("muse.tools."))
                found[0].add(room)
                if node.col_offset == 0:
                    found[1].add(room)
    return found[0] - {own}, found[1] - {own}


def test_rooms_of_tools_are_in_order() -> None:
    """Every import goes to a room before it in ORDER, so the rooms form no cycle."""
    upward: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tools").rglob("*.py")):
        name = path.relative_to(ROOT / "tools").as_posix()
        if name == "__init__.py":
            continue
        own = room_of(name.removesuffix(".py").replace("/", "."))
        assert own in ORDER, f"{name}: put its room into ORDER"
        rooms, at_load = room_imports(path)
        higher = {room for room in rooms if ORDER.index(room) > ORDER.index(own)}
        if higher:
            upward[name] = higher
        if name in LAZY:
            assert not at_load & higher, name
    assert upward == UPWARD


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], *([name, "--help"] for name in SUMMARIES)]
)
def test_start_is_light(words: list[str]) -> None:
    program = (
        "import sys\nfrom muse.cli.main import run\n"
        f"code = run({words!r})\n"
        "print(code, *sorted(name for name in sys.modules if '.' not in name))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert not HEAVY & set(modules)


def test_every_package_is_listed() -> None:
    listed = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    )
    on_disk = {
        ".".join(["muse", *path.parent.relative_to(ROOT).parts])
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
    } | {"muse"}  # the folder api
    assert listed == on_disk


@pytest.mark.parametrize("name", SUMMARIES)
def test_command_has_help_and_is_in_the_readme(name: str, muse) -> None:
    shown = muse(name, "--help")
    assert shown.code == 0
    assert f"muse {name}" in (ROOT / "README.md").read_text()
    assert "\nExamples:\n  " in shown.out.decode()
