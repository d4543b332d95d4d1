"""The token schemes: what each is made of, what it holds and what it cannot hold.

The schemes, their names and the order of their vocabularies are MidiTok's (Fradet et al. 2021,
"MidiTok: A Python Package for MIDI File Tokenization"), version 3.1, so that an id means here what
it means in a MidiTok tokenizer made with `miditok_config`. The grids are in `alphabet`.
"""

from dataclasses import dataclass, field
from typing import Any

from muse.tools.tokens.token_types import (
    BEAT_RANGES,
    MAX_BARS,
    METRE_RANGE,
    PERTOK_BINS,
    PERTOK_DURATION_TICKS,
    PERTOK_RANGES,
    PERTOK_REACH,
    PERTOK_TICKS,
    SPECIALS,
    TEMPO_COUNT,
    TEMPO_RANGE,
    VELOCITY_COUNT,
)

ALL_HELD = frozenset({"tempo", "metre", "overlaps", "tracks"})
ONE_TRACK_A_PROGRAM = "tracks of one program become one"
NOT_HELD_ANYWHERE = {
    "keys, chords, sections, controllers, pitch bends, names": "no tokens for them",
    "metres outside 1/2-6/2, 1/4-12/4, 1/8-15/8, 1/16-15/16": "the metre before goes on",
    "metre changes inside a bar": "take place at the next bar line, as the MIDI 1.0 specification "
    "(pages 54-56) has it",
    "tempos outside 20-300 bpm": "the nearest is taken",
}


@dataclass(frozen=True)
class Scheme:
    """One way to spell music in tokens.

    Attributes:
        name: as the user types it.
        miditok: name of MidiTok's class.
        fields: token types, in the order of their ids; one tuple for each vocabulary, and a step of
            the sequence has one id of each where there are several.
        holds: of tempo, metre, overlaps (nested notes of one pitch), tracks (of one program).
        ticks_per_beat: of the decoded music, to a quarter note.
        max_beats: longest note, in beats of the metre; 0 for no limit.
        max_bars: bars that can be counted; 0 for no limit.
        not_held: what is lost by design, and why.
        extra: parameters of MidiTok's own for this scheme.
    """

    name: str
    miditok: str
    fields: tuple[tuple[str, ...], ...]
    holds: frozenset[str] = frozenset({"tempo", "metre", "overlaps"})
    ticks_per_beat: int = 48
    max_beats: float = 64.0
    max_bars: int = 0
    not_held: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_compound(self) -> bool:
        """Whether a step of the sequence is several ids."""
        return len(self.fields) > 1

    @property
    def is_fine(self) -> bool:
        """Whether onsets have micro timing."""
        return "MicroTiming" in self.fields[0]


TABLE = (
    Scheme(
        "remi",
        "REMI",
        (("Bar", "Pitch", "Velocity", "Duration", "Position", "Tempo", "Program", "TimeSig"),),
        not_held={"tracks": ONE_TRACK_A_PROGRAM, "notes over 64 beats": "cut to 64"},
    ),
    Scheme(
        "tsd",
        "TSD",
        (("Pitch", "Velocity", "Duration", "TimeShift", "Tempo", "Program", "TimeSig"),),
        not_held={"tracks": ONE_TRACK_A_PROGRAM, "notes over 64 beats": "cut to 64"},
    ),
    Scheme(
        "midi-like",
        "MIDILike",
        (("NoteOn", "NoteOff", "Velocity", "TimeShift", "Tempo", "Program", "TimeSig"),),
        holds=frozenset({"tempo", "metre"}),
        max_beats=0.0,
        not_held={
            "tracks": ONE_TRACK_A_PROGRAM,
            "a note inside another of its pitch": "an end belongs to the first note that sounds, "
            "so they exchange their ends",
        },
    ),
    Scheme(
        "structured",
        "Structured",
        (("Pitch", "Velocity", "Duration", "ZeroTimeShift", "Program"),),
        holds=frozenset({"overlaps"}),
        ticks_per_beat=12,
        not_held={
            "tracks": ONE_TRACK_A_PROGRAM,
            "tempo, metre": "no tokens for them",
            "notes over 64 beats": "cut to 64",
        },
    ),
    Scheme(
        "cpword",
        "CPWord",
        (
            ("Family",),
            ("Ignore", "Bar", "Position"),
            ("Ignore", "Pitch"),
            ("Ignore", "Velocity"),
            ("Ignore", "Duration"),
            ("Ignore", "Program"),
            ("Ignore", "Tempo"),
            ("Ignore", "TimeSig"),
        ),
        not_held={"tracks": ONE_TRACK_A_PROGRAM, "notes over 64 beats": "cut to 64"},
    ),
    Scheme(
        "octuple",
        "Octuple",
        (
            ("Pitch",),
            ("Position",),
            ("BarNumber",),
            ("Velocity",),
            ("Duration",),
            ("Program",),
            ("Tempo",),
            ("TimeSig",),
        ),
        max_bars=MAX_BARS,
        not_held={
            "tracks": ONE_TRACK_A_PROGRAM,
            "notes over 64 beats": "cut to 64",
            "notes past bar 1024": "bars are numbered",
            "tempo, metre between notes": "both are written at notes only",
        },
        extra={"max_bar_embedding": MAX_BARS},
    ),
    Scheme(
        "mumidi",
        "MuMIDI",
        (
            ("Pitch", "PitchDrum", "Bar", "QuarterPosition", "Program"),
            ("BarPosEnc",),
            ("PositionPosEnc",),
            ("Tempo",),
            ("Velocity",),
            ("Duration",),
        ),
        holds=frozenset({"tempo", "overlaps"}),
        ticks_per_beat=12,
        max_bars=MAX_BARS,
        not_held={
            "tracks": ONE_TRACK_A_PROGRAM,
            "metre": "all bars are 4/4",
            "notes over 64 beats": "cut to 64",
            "notes past bar 1024": "bars are numbered",
            "tempo between notes": "written at notes only",
        },
        extra={"max_bar_embedding": MAX_BARS, "drums_pitch_range": (0, 127)},
    ),
    Scheme(
        "mmm",
        "MMM",
        (
            (
                "Track",
                "Bar",
                "Pitch",
                "Velocity",
                "Duration",
                "Position",
                "Tempo",
                "Program",
                "TimeSig",
            ),
        ),
        holds=ALL_HELD,
        not_held={"notes over 64 beats": "cut to 64"},
        extra={"base_tokenizer": "REMI"},
    ),
    Scheme(
        "pertok",
        "PerTok",
        (
            (
                "Bar",
                "Pitch",
                "Velocity",
                "FineDuration",
                "FineTimeShift",
                "MicroTiming",
                "Tempo",
                "Program",
                "TimeSig",
            ),
        ),
        ticks_per_beat=PERTOK_TICKS,
        max_beats=float(PERTOK_DURATION_TICKS.max() / PERTOK_TICKS),
        not_held={"tracks": ONE_TRACK_A_PROGRAM, "notes over 31.75 quarter notes": "cut to that"},
        extra={
            "ticks_per_quarter": PERTOK_TICKS,
            "use_microtiming": True,
            "max_microtiming_shift": PERTOK_REACH,
            "num_microtiming_bins": PERTOK_BINS,
        },
    ),
)
SCHEMES = {scheme.name: scheme for scheme in TABLE}


def miditok_config(scheme: Scheme) -> dict[str, Any]:
    """The arguments of `miditok.TokenizerConfig` that give this scheme's vocabulary."""
    return {
        "pitch_range": (0, 127),
        "beat_res": PERTOK_RANGES if scheme.is_fine else BEAT_RANGES,
        "num_velocities": VELOCITY_COUNT,
        "special_tokens": list(SPECIALS),
        "use_programs": True,
        "use_tempos": True,
        "num_tempos": TEMPO_COUNT,
        "tempo_range": TEMPO_RANGE,
        "use_time_signatures": True,
        "time_signature_range": {lower: list(uppers) for lower, uppers in METRE_RANGE.items()},
        "use_pitchdrum_tokens": False,
        **scheme.extra,
    }
