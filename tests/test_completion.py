"""Shell completion, as bash asks for it: names of commands, options and values, nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from muse.cli import completion, names
from muse.cli.main import SUMMARIES
from muse.tools.errors import MissingPartError
from muse.tools.jam.ports import port_names
from muse.tools.weights import all_weights
from tests.test_layout import HEAVY

PROGRAM = """
import sys
sys.argv[0] = "muse"
from muse.cli.main import main
try:
    main()
finally:
    print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def run_light(**variables: str) -> str:
    """Run muse as a shell does to complete; fail if something heavy was imported."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stderr.split())
    return done.stdout


def complete(*words: str) -> list[str]:
    """Return what bash is offered for the last word."""
    offered = run_light(
        _MUSE_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(["muse", *words]),
        COMP_CWORD=str(len(words)),
    )
    return offered.split()


def test_commands_and_options() -> None:
    assert complete("") == list(SUMMARIES)
    assert complete("tr") == ["transcribe", "train"]
    assert complete("--ver") == ["--version"]
    assert complete("intervals", "g") == ["generate"]
    assert complete("chords", "--temp") == ["--tempo", "--temperature"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("chords", "--style", ""), names.STYLES),
        (("chords", "--style", "ne"), ("neo-soul",)),
        (("chords", "--cadence", "p"), ("plagal",)),
        (("chords", "--model", ""), (*names.CHORD_MODELS, *names.NOTE_MODELS)),
        (("melody", "--model", ""), names.MELODY_MODELS),
        (("jam", "--voicing", ""), names.VOICINGS),
        (("jam", "--style", "p"), ("pop",)),
        (("tokenize", "--scheme", "m"), ("midi-like", "mumidi", "mmm")),
        (("tokenize", "--for", ""), names.TRAINING_FORMS),
        (("train", "chord-l"), ("chord-lstm",)),
        (("separate", "--model", "ht"), ("htdemucs", "htdemucs_ft", "htdemucs_6s")),
        (("separate", "--stems", "bass,d"), ("bass,drums",)),
        (("separate", "--device", "c"), ("cpu", "cuda")),
        (("models", "fetch", "sp"), ("spleeter",)),
        (("models", "path", ""), tuple(each.name for each in all_weights())),
        (("chords", "--key", "F"), ("F", "Fm", "F#m")),
        (("jam", "--meter", "6"), ("6/8",)),
        (("transcribe", "--quantize", "1/16"), ("1/16", "1/16t")),
        (("transcribe", "--role", "k"), ("keys",)),
        (
            ("intervals", "generate", "--timbre", "sine,gm"),
            tuple(f"sine,{name}" for name in names.TIMBRES if name.startswith("gm")),
        ),
        (("intervals", "quiz", "--direction", "a"), ("ascending",)),
        (("eval", "symbolic", "--track", ""), ("lead", "all")),
    ],
)
def test_values(words: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert complete(*words) == list(expected)


def test_other_shells() -> None:
    words = {"_TYPER_COMPLETE_ARGS": "muse chords --style p"}
    assert '"pop"' in run_light(_MUSE_COMPLETE="complete_zsh", **words)
    fish = {"_MUSE_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert run_light(**fish, **words) == "pop\n"
    assert run_light(**fish, _TYPER_COMPLETE_ARGS="muse tr").split() == ["transcribe", "train"]


def test_files_are_left_to_the_shell() -> None:
    assert complete("view", "so") == []
    assert complete("chords", "--like", "so") == []


def test_ports_load_nothing_heavy() -> None:
    assert complete("jam", "--out", "sy") == ["synth"]
    complete("jam", "--in", "")


def test_ports_are_one_word_each(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        port_names.Port("in", "Digital Piano:MIDI 1 20:0", "ALSA"),
        port_names.Port("out", "Synth (USB)", "ALSA"),
    ]
    monkeypatch.setattr(port_names, "list_ports", lambda: there)
    assert completion.complete_input_ports("Dig") == ["Digital.Piano.MIDI.1.20.0"]
    assert completion.complete_output_ports("") == ["synth", "Synth..USB."]
    assert port_names.matching_ports([there[0].name], "Digital.Piano.MIDI.1.20.0") == [0]


def test_without_a_midi_system_there_are_no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise MissingPartError("no MIDI system")

    monkeypatch.setattr(port_names, "list_ports", fail)
    assert completion.complete_input_ports("") == []
    assert completion.complete_output_ports("") == ["synth"]


def test_completion_installs(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    words = ["--install-completion", "bash"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    script = tmp_path / ".bash_completions" / "muse.sh"
    assert str(script) in (tmp_path / ".bashrc").read_text()
    assert "_MUSE_COMPLETE=complete_bash" in script.read_text()
