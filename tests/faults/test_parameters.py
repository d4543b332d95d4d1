"""Errors of the Python API name parameters; 'muse doctor' names what 'muse jam' lacks."""

import re

import pytest

import muse
from muse.tools.doctor import components
from muse.tools.jam.ports import port_names, synth


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


def test_the_doctor_tells_whether_a_plain_jam_works(monkeypatch) -> None:
    def no_system() -> list[port_names.Port]:
        raise muse.MissingPartError("no MIDI system runs here")

    def examined() -> components.Component:
        return next(part for part in components.examine_midi() if part.name == "muse jam")

    keyboard = port_names.Port("in", "Digital Piano", "ALSA")
    loop = port_names.Port("in", "Midi Through:0", "ALSA")
    monkeypatch.setattr(components, "find_spec", lambda name: object())
    monkeypatch.setattr(components, "rtmidi_systems", lambda: ["ALSA"])
    monkeypatch.setattr(components, "fluidsynth_version", lambda: "2.3")
    monkeypatch.setattr(synth, "has_sound_card", lambda: True)
    monkeypatch.setattr(port_names, "list_ports", lambda: [loop, keyboard])
    assert examined().present
    monkeypatch.setattr(port_names, "list_ports", lambda: [loop])
    assert examined().detail == "lacks a MIDI input (connect a keyboard, or give --in FILE)"
    monkeypatch.setattr(port_names, "list_ports", no_system)
    monkeypatch.setattr(components, "fluidsynth_version", lambda: None)
    monkeypatch.setattr(synth, "has_sound_card", lambda: False)
    lacking = examined()
    assert not lacking.present
    for what in ("a MIDI system (no MIDI system runs here)", "FluidSynth", "a sound card"):
        assert what in lacking.detail
