"""Transcribes a recording of one pitched instrument or voice, and detects its role if need be.

With the engine `auto`, several ways to find the notes compete: a way is used if its notes explain
enough of the sound (explained_power.py). Voices are transcribed from their f0; an unsteady pitch
within the notes tells a voice from an instrument.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from muse.tools.progress import Report, scale_report, silent
from muse.tools.song.document import Role
from muse.tools.transcription.engines import AUTO, engines_to_try
from muse.tools.transcription.instrument_class import CLASS_USES, Odds, certain_class, may_be_pad
from muse.tools.transcription.pitched import PitchedTranscription, transcribe_roles_file
from muse.tools.transcription.role_detection import SOLO_ROLES, choose_role
from muse.tools.transcription.role_rules import FAINT
from muse.tools.transcription.voice_notes import ENGINE as F0
from muse.tools.transcription.voice_notes import LineTranscription, transcribe_line_file

BASIC_PITCH = "basic-pitch"
PAD: Role = "pad"  # also the name of its class
EXPLAINED_ENOUGH = 0.5  # share of the power; below it, `auto` tries the next engine ...
CLEARLY_MORE = 1.1  # factor of that share, from which the notes of a later attempt are used
EXPLAINED_LITTLE = 0.25  # ... and below this the result has a warning
# A voice's notes must explain this share of what the notes of the best other engine explain.
VOICE_OF_BEST = 0.75
HIGHEST_BASS_MEDIAN = 57  # A3; notes with a higher median are no bass
# Spread of the pitch within a note, in semitones, from which a line is a voice: of 34 solo singers
# all are above 0.1, of 51 lines rendered with 30 instruments all but one below 0.07.
VOICE_SPREAD = 0.09
# A singer's pitch also drifts within a note: of 17 solo singers all are above these limits, of 20
# lines of instruments none is; a played vibrato has little drift for its spread.
VOICE_DRIFT = 0.06  # semitones
VOICE_DRIFT_OF_SPREAD = 0.37


@dataclass(frozen=True)
class SoloTranscription:
    """The notes of a solo recording, in the role and by the engine that suit it.

    Attributes:
        role: given or detected.
        found: the notes.
        engine: that found them.
        warning: a sentence on why the notes may be wrong; empty for none.
        program: General MIDI program, counted from 0; None takes that of the role.
    """

    role: Role
    found: PitchedTranscription
    engine: str
    warning: str = ""
    program: int | None = None


def transcribe_solo_file(
    path: Path,
    role: Role | None,
    report: Report = silent,
    engine: str = AUTO,
    odds: Odds | None = None,
) -> SoloTranscription:
    """Transcribe a recording of one pitched instrument or voice.

    Args:
        path: a file of any length.
        role: of the recording; None detects it.
        report: called with the progress.
        engine: for pitched notes; `auto` chooses.
        odds: of the classes of instruments, where no role is given; a class that is certain
            suggests how to find the notes, and names the role.

    Raises:
        BadInputError: the file is not readable audio.
    """
    kind = certain_class(odds or {})
    likely = PAD if may_be_pad(odds or {}) else kind
    result = first_that_explains(path, role, scale_report(report, 0.0, 0.6), engine, likely)
    if engine == AUTO and result.engine != F0 and role in (None, "lead"):
        result = refine_line(path, result, role, scale_report(report, 0.6, 1.0), kind)
    if role is None and kind is not None:
        result = named_by_class(result, kind)
    share = result.found.explained_share
    if result.found.notes and share < EXPLAINED_LITTLE:
        return replace(result, warning=f"the notes explain only {share:.0%} of the sound")
    return result


def first_that_explains(
    path: Path, role: Role | None, report: Report, engine: str, kind: str | None
) -> SoloTranscription:
    """Return the first result if it explains EXPLAINED_ENOUGH, and the best one otherwise.

    A later result must explain clearly more than those before it. For the line of a voice
    EXPLAINED_LITTLE is enough: breath, consonants and a hoarse voice are not explained by notes.
    """
    attempts = solo_attempts(path, role, report, engine, kind)
    first = best = next(attempts)
    enough = EXPLAINED_LITTLE if first.engine == F0 else EXPLAINED_ENOUGH
    if first.found.explained_share >= enough:
        return first
    for other in attempts:
        if other.found.explained_share > CLEARLY_MORE * best.found.explained_share:
            best = other
    if best is first:
        return first
    warning = (
        f"the notes that {first.engine} finds explain {first.found.explained_share:.0%} of the "
        f"sound, those of {best.engine} {best.found.explained_share:.0%}; using {best.engine}"
    )
    return replace(best, warning=warning)


def solo_attempts(
    path: Path, role: Role | None, report: Report, engine: str, kind: str | None
) -> Iterator[SoloTranscription]:
    """Yield the result of each engine that a choice allows, best first; a voice's from its f0.

    A steady pitch is no voice, whatever its class: flutes sound much like one to the net. The last
    result is a line of faint notes.
    """
    expected = expected_role(kind)
    if engine == AUTO and (role == "vocals" or (role is None and expected == "vocals")):
        line = transcribe_line_file(path, report)
        if role == "vocals" or line.pitch_spread >= VOICE_SPREAD:
            yield SoloTranscription("vocals", line, F0)
    roles: list[Role] = [*SOLO_ROLES] if role is None else [role]
    if role is None and expected == "guitar":
        roles.append(expected)
    if role is None and kind == PAD:
        roles.append(PAD)
    for name in engines_to_try(engine):
        found = transcribe_roles_file(path, roles, report, engine=name, solo=True)
        chosen = choose_role(found, "lead" if expected == "vocals" else expected)
        if chosen == "keys" and PAD in found:
            chosen = PAD
        yield SoloTranscription(chosen, found[chosen], name)
    faint_roles: Sequence[Role] = [each for each in roles if each in FAINT]
    if faint_roles and BASIC_PITCH in engines_to_try(engine):
        wanted = [FAINT[each] for each in faint_roles]
        faint = transcribe_roles_file(path, wanted, report, engine=BASIC_PITCH, solo=True)
        best = max(faint_roles, key=lambda each: faint[FAINT[each]].explained_share)
        yield SoloTranscription(best, faint[FAINT[best]], BASIC_PITCH)


def drifts_as_a_voice(line: LineTranscription) -> bool:
    """Return whether the pitch of a line with a wide spread drifts as that of a singer."""
    return line.pitch_drift >= max(VOICE_DRIFT, VOICE_DRIFT_OF_SPREAD * line.pitch_spread)


def expected_role(kind: str | None) -> Role | None:
    """Return the role whose rules suit a class; None where the notes decide.

    Keyboards, pads and mallets play lines as well as chords.
    """
    role = CLASS_USES[kind].role if kind else None
    return role if role in ("bass", "lead", "guitar", "vocals") else None


def named_by_class(result: SoloTranscription, kind: str) -> SoloTranscription:
    """Return a result with the role and program of a class, unless its notes contradict it."""
    use = CLASS_USES[kind]
    pitches = [note.pitch for note in result.found.notes]
    is_high = bool(pitches) and median(pitches) > HIGHEST_BASS_MEDIAN
    is_steady = use.role == "vocals" and result.role != "vocals"
    if use.role in (None, "drums") or (use.role == "bass" and is_high) or is_steady:
        return result
    return replace(result, role=use.role, program=use.program)


def refine_line(
    path: Path,
    result: SoloTranscription,
    given: Role | None,
    report: Report,
    kind: str | None = None,
) -> SoloTranscription:
    """Return better notes of a line: a voice's from its f0, a lead's by Basic Pitch.

    A voice becomes 'vocals' where no role is given. Guitars, by their class `kind`, stay as they
    are. The note net misses repeated notes, which hardly change the explained share.
    """
    share = result.found.explained_share
    if expected_role(kind) == "guitar":
        return result
    line = transcribe_line_file(path, scale_report(report, 0.0, 0.5))
    if line.pitch_spread >= VOICE_SPREAD and line.explained_share >= VOICE_OF_BEST * share:
        role: Role = "vocals" if given is None and drifts_as_a_voice(line) else "lead"
        return SoloTranscription(role, line, F0)
    if result.role != "lead" or result.engine == BASIC_PITCH:
        return result
    notes = transcribe_roles_file(
        path, ["lead"], scale_report(report, 0.5, 1.0), engine=BASIC_PITCH
    )
    better = notes["lead"].explained_share >= share
    return SoloTranscription("lead", notes["lead"], BASIC_PITCH) if better else result
