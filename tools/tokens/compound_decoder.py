"""From ids to music: the schemes whose steps are several ids; see `reading` for what is mended."""

from collections.abc import Sequence
from typing import Any

from muse.tools.tokens.decoder_state import Sketch
from muse.tools.tokens.meters import make_section
from muse.tools.tokens.schemes import Scheme
from muse.tools.tokens.stream_decoder import STEPS, Token, is_id
from muse.tools.tokens.stream_encoder import program_place
from muse.tools.tokens.token_types import DRUMS, SPECIALS
from muse.tools.tokens.vocabulary import Field, fields_of

Word = list[Token]
NOTE_KINDS = ("Pitch", "Velocity", "Duration", "Program")
OCTUPLE_KINDS = ("Pitch", "Position", "Bar", "Velocity", "Duration", "Program", "Tempo", "TimeSig")
MUMIDI_SHORT = 4  # ids of a word that is no note


def read_compound(ids: Sequence[Any], scheme: Scheme) -> Sketch:
    """Read words of several ids."""
    sketch = Sketch(scheme)
    fields = fields_of(scheme.name)
    words = [word for item in ids if (word := known_word(item, fields, sketch))]
    READERS[scheme.name](words, sketch)
    return sketch


def known_word(item: Any, fields: tuple[Field, ...], sketch: Sketch) -> Word | None:
    """The tokens of a word; None for one that is none, or of special tokens only."""
    if not isinstance(item, list | tuple):
        sketch.mend("wrong nesting" if is_id(item) else "not an id")
        return None
    if not all(is_id(number) for number in item):
        sketch.mend("wrong nesting" if any(isinstance(n, list) for n in item) else "not an id")
        return None
    if len(item) != len(fields) and not is_short_mumidi(item, sketch.scheme):
        sketch.mend("wrong nesting")
        return None
    if any(not 0 <= n < len(field.kinds) for n, field in zip(item, fields, strict=False)):
        sketch.mend("unknown id")
        return None
    if all(number < len(SPECIALS) for number in item):
        return None
    return [(f.kinds[n], f.values[n]) for n, f in zip(item, fields, strict=False)]


def is_short_mumidi(item: Sequence[Any], scheme: Scheme) -> bool:
    """Whether a word may have so few ids."""
    return scheme.name == "mumidi" and len(item) == MUMIDI_SHORT


def read_cpword(words: list[Word], sketch: Sketch) -> None:
    """Read Compound Words into a sketch."""
    tempo = -1
    for word in words:
        (kind, family), place, *rest = word
        if kind != "Family":
            sketch.mend("stray token")
        elif family:
            read_cpword_note(dict(rest), sketch)
        elif place[0] == "Bar":
            sketch.next_bar()
            if rest[-1][0] == "TimeSig":
                sketch.set_metre(rest[-1][1])
        elif place[0] == "Position":
            sketch.go_to_step(place[1])
            if rest[-2][0] == "Tempo" and rest[-2][1] != tempo:
                tempo = rest[-2][1]
                sketch.set_tempo(tempo)
        else:
            sketch.mend("stray token")


def read_cpword_note(values: dict[str, int], sketch: Sketch) -> None:
    """Read a Compound Word that is a note."""
    if not all(kind in values for kind in NOTE_KINDS):
        sketch.mend("incomplete note")
        return
    pitch, velocity, duration, program = (values[kind] for kind in NOTE_KINDS)
    length = STEPS[duration] * sketch.section.step
    sketch.add_note(program, pitch, velocity, length, sketch.tick, None)


def read_octuple(words: list[Word], sketch: Sketch) -> None:
    """Read Octuples into a sketch."""
    before, tempo = 0, -1  # number of the section's first bar
    for word in words:
        if tuple(kind for kind, _ in word) != OCTUPLE_KINDS:
            sketch.mend("incomplete note")
            continue
        pitch, step, bar, velocity, duration, program, new_tempo, metre = (v for _, v in word)
        if bar < before:
            sketch.mend("bar before its metre")
            bar = before
        start = sketch.section.start + (bar - before) * sketch.section.bar
        if not sketch.metres or (metre != sketch.section.number and bar > before):
            first = start if sketch.metres else 0
            ticks = sketch.scheme.ticks_per_beat
            sketch.section = make_section(first, metre, ticks)
            before = bar if sketch.metres else 0
            sketch.metres[first] = metre
            start = first + (bar - before) * sketch.section.bar
        elif metre != sketch.section.number:
            sketch.mend("metre inside a bar")
        sketch.bar = start
        sketch.go_to_step(step)
        if new_tempo != tempo:
            sketch.set_tempo(new_tempo, None if sketch.tempos else 0)
            tempo = new_tempo
        length = STEPS[duration] * sketch.section.step
        sketch.add_note(program, pitch, velocity, length, sketch.tick, None)


def read_mumidi(words: list[Word], sketch: Sketch) -> None:
    """Read MuMIDI words into a sketch."""
    program, tempo = 0, -1
    for word in words:
        kind, value = word[0]
        if kind == "Bar":
            sketch.next_bar()
            continue
        if kind == "Position":
            sketch.go_to_step(value)
        elif kind == "Program":
            program = value
        elif kind in ("Pitch", "PitchDrum"):
            drums = kind == "PitchDrum"
            read_mumidi_note(word, program_place(DRUMS) if drums else program, sketch)
        else:
            sketch.mend("stray token")
        if word[3][0] == "Tempo" and word[3][1] != tempo:
            sketch.set_tempo(word[3][1], None if sketch.tempos else 0)
            tempo = word[3][1]


def read_mumidi_note(word: Word, program: int, sketch: Sketch) -> None:
    """Read a MuMIDI word that is a note."""
    if tuple(kind for kind, _ in word[MUMIDI_SHORT:]) != ("Velocity", "Duration"):
        sketch.mend("incomplete note")
        return
    velocity, duration = (value for _, value in word[MUMIDI_SHORT:])
    length = STEPS[duration] * sketch.section.step
    sketch.add_note(program, word[0][1], velocity, length, sketch.tick, None)


READERS = {"cpword": read_cpword, "octuple": read_octuple, "mumidi": read_mumidi}
