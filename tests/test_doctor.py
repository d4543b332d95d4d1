"""`muse doctor` reports which parts are installed, and the commands that install the others."""

import json
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from muse.cli.doctor import print_findings
from muse.tools.doctor import components
from muse.tools.doctor.components import Component, examine_requirement
from muse.tools.doctor.report import GROUPS, examine, report

ROOT = Path(__file__).parent.parent


@pytest.fixture
def diagnose(muse: Callable) -> Callable[[], tuple[int, dict[str, dict]]]:
    """Return the exit code, and the parts by name (the last of several with one name)."""

    def call() -> tuple[int, dict[str, dict]]:
        result = muse("doctor", "--json")
        assert result.err == ""
        findings = json.loads(result.out)
        assert findings["format"] == "muse.doctor/1"
        assert findings["ok"] == (result.code == 0)
        return result.code, {part["name"]: part for part in findings["parts"]}

    return call


def test_needed_parts_are_installed_where_tests_run(diagnose) -> None:
    code, found = diagnose()
    assert code == 0
    assert {part["group"] for part in found.values()} == set(GROUPS)
    assert found["python"]["detail"] == ".".join(map(str, sys.version_info[:3]))
    assert found["cpu"]["present"]
    assert found["spleeter"]["needed"]
    assert found["basic-pitch"]["present"]


def test_every_dependency_is_examined(diagnose) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    _, found = diagnose()
    for line in [*project["dependencies"], *project["optional-dependencies"]["demucs"]]:
        name = line.partition(">")[0].partition("=")[0]
        assert name in found
    assert "pytest" not in found  # only developers need it


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("no-such-thing>=2.1,<3", (False, True, "pip install 'no-such-thing>=2.1,<3'")),
        ("numpy>=2.0", (True, True, None)),
        (
            'no-such-thing<4.2,>=4.1; extra == "demucs"',
            (False, False, "pip install '.[demucs]'"),
        ),
    ],
)
def test_a_requirement_is_examined(line: str, expected: tuple) -> None:
    part = examine_requirement(line)
    assert part is not None
    assert (part.present, part.needed, part.command) == expected


def test_development_tools_are_left_out() -> None:
    assert examine_requirement('pytest>=8.3; extra == "dev"') is None


@pytest.mark.parametrize(
    ("module", "name"),
    [("onnxruntime", "cpu"), ("soundfile", "libsndfile")],
)
def test_a_broken_library_is_reported_with_code_1(
    diagnose, monkeypatch, module: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    code, found = diagnose()
    assert code == 1
    assert not found[name]["present"]
    assert found["python"]["present"]  # the other parts are reported all the same


def test_fluidsynth_is_optional(diagnose, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    code, found = diagnose()
    assert code == 0
    assert not found["libfluidsynth"]["present"]
    assert found["libfluidsynth"]["command"] == "apt-get install libfluidsynth3"


@pytest.mark.parametrize(
    ("system", "command"),
    [("Linux", "apt-get install ffmpeg"), ("Darwin", "brew install ffmpeg"), ("Plan9", None)],
)
def test_the_install_command_fits_the_system(monkeypatch, system: str, command: str | None) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    ffmpeg = next(part for part in components.examine_audio() if part.name == "ffmpeg")
    assert (ffmpeg.present, ffmpeg.command) == (False, command)


def test_a_broken_ffmpeg_is_missing(monkeypatch, tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert components.ffmpeg_version() is None


def test_no_soundfont_at_all(monkeypatch) -> None:
    monkeypatch.setattr("muse.tools.audio.soundfonts.find_soundfonts", list)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    font = next(part for part in components.examine_rendering() if part.name == "soundfont")
    assert (font.present, font.command) == (False, "apt-get install fluid-soundfont-gm")


def test_damaged_weights_have_a_reinstall_command(diagnose, monkeypatch, tmp_path) -> None:
    for path in components.shipped_folder().glob("basic-pitch.*"):
        shutil.copy(path, tmp_path)
    with (tmp_path / "basic-pitch.onnx").open("r+b") as file:
        file.write(b"\0\0\0\0")
    monkeypatch.setattr(components, "shipped_folder", lambda: tmp_path)
    code, found = diagnose()
    assert code == 1
    assert "damaged" in found["basic-pitch"]["detail"]
    assert found["basic-pitch"]["command"] == "pip install --force-reinstall --no-deps ."


def test_missing_weights_have_an_install_command(diagnose, monkeypatch) -> None:
    monkeypatch.setattr("muse.tools.weights.locate", lambda weights: ())
    monkeypatch.setattr(components, "SHIPPED_SUFFIXES", (".gone",))
    code, found = diagnose()
    assert code == 1
    assert found["spleeter"]["command"] == "pip install --force-reinstall --no-deps ."
    assert found["htdemucs"]["command"] == "muse models fetch htdemucs"


def test_torch_is_optional(diagnose, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    code, found = diagnose()
    assert code == 0
    assert found["torch"]["command"] == "pip install '.[train]'"


def test_the_list_on_a_terminal(capsys) -> None:
    gone = Component(
        "audio", "libsndfile", False, "gone", "sound files", True, "pip install soundfile"
    )
    spare = Component(
        "midi", "JACK", False, "not found", "live MIDI", command="apt-get install jackd2"
    )
    shrug = Component("midi", "ALSA", False, "no /dev/snd/seq here", "live MIDI")
    print_findings(report([Component("python", "muse", True, "0.1.0"), gone, spare, shrug]))
    assert capsys.readouterr().out.splitlines() == [
        "python",
        "  + muse            0.1.0",
        "audio",
        "  ! libsndfile      gone (for sound files)",
        "midi",
        "  - JACK            not found (for live MIDI)",
        "  - ALSA            no /dev/snd/seq here (for live MIDI)",
        "needed: libsndfile: pip install soundfile",
        "optional: JACK: apt-get install jackd2",
        "a needed part is missing",
    ]


def test_nothing_is_written(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MUSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    examine()
    assert list(tmp_path.iterdir()) == []
