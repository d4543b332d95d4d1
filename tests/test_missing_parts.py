"""A part that is not installed ends a command with code 3 and one line: the command to run."""

import sys
from pathlib import Path

import pytest

from muse.cli.exit_codes import ExitCode

MIDI = Path(__file__).parent.parent / "examples" / "paper_lanterns.mid"
DEMUCS = "pip install '.[demucs]'"


@pytest.mark.parametrize(
    ("module", "words", "command"),
    [
        ("rtmidi", ("jam",), "pip install '.[jam]'"),
        ("rtmidi", ("jam", "--in", "Piano", "--out", "Synth"), "pip install '.[jam]'"),
        ("rtmidi", ("jam", "--list-ports"), "pip install '.[jam]'"),
        ("fluidsynth", ("render", MIDI, "-o", "song.wav"), "apt-get install libfluidsynth3"),
        ("fluidsynth", ("jam", "--in", "-"), "apt-get install libfluidsynth3"),
        ("fluidsynth", ("chords", "-o", "song.wav"), "apt-get install libfluidsynth3"),
        ("lightning", ("train", "chord-lstm"), "pip install '.[train]'"),
        ("demucs", ("separate", "tone.wav", "-o", "o", "--model", "htdemucs"), DEMUCS),
        ("demucs", ("transcribe", "tone.wav", "--model", "htdemucs"), DEMUCS),
    ],
)
def test_a_missing_part_names_its_command(
    module: str,
    words: tuple[object, ...],
    command: str,
    muse,
    tone_file,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    tone_file()
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "muse.tools.separation.demucs", raising=False)
    monkeypatch.delitem(sys.modules, "muse.models.demucs", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    result = muse(*words)
    assert result.code == ExitCode.MISSING_PART
    assert result.out == b""
    assert result.err.count("\n") == 1
    assert result.err.endswith(f"{command}\n")
