"""Errors of the Python API name parameters; 'muse doctor' names what 'muse jam' lacks."""

import re

import pytest

import muse
from muse.tools.doctor import components


@pytest.mark.parametrize(
    ("call", "start"),
    [
        (lambda: muse.chords(bars=0), "bars must be 1 to "),
        (lambda: muse.chords(harmonic_rhythm="x"), "harmonic_rhythm must be "),
        (lambda: muse.chords(vary=True), "vary changes the chords of a song; give one with like"),
        (lambda: muse.chords(top_k=-1), "top_k must be 0 or more"),
        (lambda: muse.chords(seed=-3), "seed must be 0 or more, not -3"),
        (lambda: muse.melody("x", go_on=True, fill="1"), "go_on and fill exclude each other"),
    ],
)
def test_an_error_names_the_parameter(call, start: str) -> None:
    with pytest.raises(muse.ParameterError, match=f"^{re.escape(start)}"):
        call()


def test_the_doctor_names_what_a_jam_lacks(monkeypatch) -> None:
    monkeypatch.setattr(components, "find_spec", lambda name: None)
    monkeypatch.setattr(components, "fluidsynth_version", lambda: None)
    parts = [*components.examine_midi(), *components.examine_rendering()]
    lacking = {part.name: part for part in parts if not part.present and part.command}
    for name in ("python-rtmidi", "libfluidsynth"):
        assert "muse jam" in lacking[name].used_for
