"""The scheme `octuple`: one word per note.

A word is pitch, position, bar, velocity, duration, program, tempo, meter.

Source: Zeng et al. 2021, "MusicBERT".
"""

from bisect import bisect_right
from functools import partial
from itertools import pairwise

from muse.tools.tokens.compound_decoder import Word, decode_words
from muse.tools.tokens.compound_encoder import PAST_LAST_BAR, WordIds, note_values
from muse.tools.tokens.decoder_state import DecoderState
from muse.tools.tokens.grid import Grid
from muse.tools.tokens.meters import MeterSection, make_section, section_at
from muse.tools.tokens.scheme import NO_LONG_NOTES, ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import STEPS
from muse.tools.tokens.token_types import MAX_BARS
from muse.tools.tokens.vocabulary import fields_of

WORD_TYPES = ("Pitch", "Position", "Bar", "Velocity", "Duration", "Program", "Tempo", "TimeSig")


def encode_octuple(grid: Grid) -> list[WordIds]:
    """Return the word of each note; meters are those of `meters.sections_at_notes`."""
    fields = fields_of(grid.scheme)

    firsts = [field.first[kind] for field, kind in zip(fields, WORD_TYPES, strict=True)]
    tempo_ticks = [tick for tick, _ in grid.tempos]
    before = bars_before(grid.sections)
    words: list[WordIds] = []
    for tick, pitch, velocity, duration, program in note_values(grid):
        section = section_at(grid.sections, tick)
        bar, rest = divmod(tick - section.start, section.bar)
        bar += before[section.start]
        if bar >= MAX_BARS:
            break
        tempo = grid.tempos[bisect_right(tempo_ticks, tick) - 1][1]
        place = rest // section.step
        values = (pitch, place, bar, velocity, duration, program, tempo, section.number)
        words.append([first + value for first, value in zip(firsts, values, strict=True)])
    if lost := len(grid.notes["start"]) - len(words):
        grid.losses[PAST_LAST_BAR] = lost
    return words


def bars_before(sections: list[MeterSection]) -> dict[int, int]:
    """Return the number of bars before each section, by the section's start."""
    counts, bars = {0: 0}, 0
    for section, following in pairwise(sections):
        bars += (following.start - section.start) // section.bar
        counts[following.start] = bars
    return counts


def decode_octuple(words: list[Word], state: DecoderState) -> None:
    """Add the music of words to the state."""
    before, tempo = 0, -1  # number of the section's first bar
    for word in words:
        if tuple(kind for kind, _ in word) != WORD_TYPES:
            state.count_repair("incomplete note")
            continue
        pitch, step, bar, velocity, duration, program, new_tempo, meter = (v for _, v in word)
        if bar < before:
            state.count_repair("bar before its meter")
            bar = before
        start = state.section.start + (bar - before) * state.section.bar
        if not state.meters or (meter != state.section.number and bar > before):
            first = start if state.meters else 0
            ticks = state.scheme.ticks_per_beat
            state.section = make_section(first, meter, ticks)
            before = bar if state.meters else 0
            state.meters[first] = meter
            start = first + (bar - before) * state.section.bar
        elif meter != state.section.number:
            state.count_repair("meter inside a bar")
        state.bar = start
        state.go_to_step(step)
        if new_tempo != tempo:
            state.set_tempo(new_tempo, None if state.tempos else 0)
            tempo = new_tempo
        length = STEPS[duration] * state.section.step
        state.add_note(program, pitch, velocity, length, state.tick, None)


SCHEME = Scheme(
    name="octuple",
    miditok="Octuple",
    fields=(
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
    lost={
        **ONE_TRACK_PER_PROGRAM,
        **NO_LONG_NOTES,
        "notes past bar 1024": "bars are numbered",
        "tempo, meter between notes": "both are written at notes only",
    },
    extra={"max_bar_embedding": MAX_BARS},
    encode=encode_octuple,
    decode=partial(decode_words, decode_octuple),
)
