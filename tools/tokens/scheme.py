"""A token scheme: what its tokens are, what it represents, and what it loses by design.

The schemes, their names and the order of their vocabularies are MidiTok's (Fradet et al. 2021,
"MidiTok: A Python Package for MIDI File Tokenization"), version 3.1: an id means the same here as
in a MidiTok tokenizer made with `miditok_config`. The grids are in `token_types`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from muse.tools.tokens.token_types import (
    BEAT_RANGES,
    METER_RANGE,
    PERTOK_RANGES,
    SPECIALS,
    TEMPO_COUNT,
    TEMPO_RANGE,
    VELOCITY_COUNT,
)

if TYPE_CHECKING:
    from muse.tools.tokens.decoder_state import DecoderState
    from muse.tools.tokens.grid import Grid

Ids = list[int] | list[list[int]]  # ids, or words of ids for a compound scheme
Feature = Literal["tempo", "meter", "overlaps", "tracks"]
ALL_FEATURES: frozenset[Feature] = frozenset({"tempo", "meter", "overlaps", "tracks"})
ONE_TRACK_PER_PROGRAM = {"tracks": "tracks of one program become one"}
NO_LONG_NOTES = {"notes over 64 beats": "cut to 64"}
LOST_BY_ALL = {
    "keys, chords, sections, controllers, pitch bends, names": "no tokens for them",
    "meters outside 1/2-6/2, 1/4-12/4, 1/8-15/8, 1/16-15/16": "the meter before continues",
    "meter changes inside a bar": "moved to the next bar line, as in the MIDI 1.0 specification "
    "(pages 54-56)",
    "tempos outside 20-300 bpm": "replaced by the nearest tempo",
}


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One way to represent music as tokens.

    Attributes:
        name: as given to `muse tokenize --scheme`.
        miditok: name of MidiTok's class.
        fields: token types in the order of their ids, one tuple per vocabulary. With several
            vocabularies each step of the sequence is a word: one id of each.
        encode: returns the ids of a grid.
        decode: reads any sequence of ids; counts repairs instead of raising.
        features: what a round trip preserves: "tempo", "meter", "overlaps" (nested notes of one
            pitch), "tracks" (of the same program).
        ticks_per_beat: resolution of the decoded music, per quarter note.
        max_beats: longest note, in beats of the meter; 0 for no limit.
        max_bars: largest number of bars; 0 for no limit.
        short_word: ids of a word that is not a note, if it is shorter than the others; else 0.
        lost: what the scheme cannot represent, with what replaces it.
        extra: parameters of MidiTok for this scheme alone.
    """

    name: str
    miditok: str
    fields: tuple[tuple[str, ...], ...]
    encode: Callable[["Grid"], Ids]
    decode: Callable[[Sequence[Any], "Scheme"], "DecoderState"]
    features: frozenset[Feature] = frozenset({"tempo", "meter", "overlaps"})
    ticks_per_beat: int = 48
    max_beats: float = 64.0
    max_bars: int = 0
    short_word: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_compound(self) -> bool:
        """Whether each step of the sequence is a word of several ids."""
        return len(self.fields) > 1

    @property
    def has_micro_timing(self) -> bool:
        """Whether onsets have micro timing."""
        return "MicroTiming" in self.fields[0]


def miditok_config(scheme: Scheme) -> dict[str, Any]:
    """Return the arguments of `miditok.TokenizerConfig` that give the scheme's vocabulary."""
    return {
        "pitch_range": (0, 127),
        "beat_res": PERTOK_RANGES if scheme.has_micro_timing else BEAT_RANGES,
        "num_velocities": VELOCITY_COUNT,
        "special_tokens": list(SPECIALS),
        "use_programs": True,
        "use_tempos": True,
        "num_tempos": TEMPO_COUNT,
        "tempo_range": TEMPO_RANGE,
        "use_time_signatures": True,
        "time_signature_range": {lower: list(uppers) for lower, uppers in METER_RANGE.items()},
        "use_pitchdrum_tokens": False,
        **scheme.extra,
    }
