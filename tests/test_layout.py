"""The rooms hold: who imports whom, what is heavy, and that every command is documented."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from muse.cli.main import app

ROOT = Path(__file__).parent.parent
ROOMS = {"cli": {"cli", "tools"}, "tools": {"tools", "models"}, "models": {"models"}}
# tools/jam: what passes between the rooms belongs to all; the rooms do not know of each other
PASSING = {"clock", "events", "midi_bytes", "solo"}
JAM = {
    "harmony": {"harmony", "events", "solo"},
    "tempo": {"tempo", "clock", "events"},
    "band": {"band", "events", "midi_bytes"},
    "ports": {"ports", "clock", "events", "midi_bytes"},
    "takes": {"takes", "events", "midi_bytes"},
}
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
    for path in (ROOT / "api").glob("*.py"):
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


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["separate", "--help"]])
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


def commands() -> list[str]:
    """Names of the subcommands."""
    names = [command.name for command in app.registered_commands]
    return [name for name in names + [group.name for group in app.registered_groups] if name]


@pytest.mark.parametrize("name", commands())
def test_command_has_help_and_is_in_the_readme(name: str, muse) -> None:
    shown = muse(name, "--help")
    assert shown.code == 0
    assert f"muse {name}" in (ROOT / "README.md").read_text()
    # typer folds lines: an example is in the text itself
    assert "Example" in shown.out.decode()
