"""Parse settings of clips from command-line text: "0-24", "0.3:0.9", "sine,gm:0-7"."""

import re
from dataclasses import dataclass
from pathlib import Path

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.intervals.clip_settings import (
    LARGEST,
    ClipSettings,
    ExpressionSettings,
    Span,
    check_settings,
)
from muse.tools.intervals.quiz_answers import answer_semitones

EVERYTHING = "all"


@dataclass(frozen=True)
class SettingsRequest:
    """Values of the command's options; None if not given."""

    length: float | None = None
    gap: str | None = None
    note: str | None = None
    lowest: float | None = None
    highest: float | None = None
    intervals: str | None = None
    direction: str | None = None
    timbre: str | None = None
    soundfonts: tuple[Path, ...] = ()
    detune: float | None = None
    tuning: float | None = None
    balance: float | None = None
    snr: str | None = None
    noise: str | None = None
    reverb: str | None = None
    level: str | None = None
    rate: int | None = None
    vibrato: str | None = None
    vibrato_rate: str | None = None
    tremolo: str | None = None
    bend: str | None = None
    portamento: str | None = None
    expression_share: float | None = None


def parse_settings(request: SettingsRequest) -> ClipSettings:
    """Return the default settings changed by the given options.

    Raises:
        ParameterError: an option's text cannot be parsed, or clips cannot be made with its value.
    """
    values = {
        "sample_rate": request.rate,
        "clip_s": request.length,
        "gap_s": parse_span("--gap", request.gap),
        "note_s": parse_span("--note", request.note),
        "lowest_hz": request.lowest,
        "highest_hz": request.highest,
        "intervals": parse_sizes(request.intervals),
        "directions": parse_names(request.direction),
        "timbres": parse_names(request.timbre),
        "soundfonts": tuple(map(str, request.soundfonts)) or None,
        "detune_cents": request.detune,
        "tuning_cents": request.tuning,
        "balance_db": request.balance,
        "snr_db": parse_span("--snr", request.snr),
        "noise": request.noise,
        "reverb_s": parse_span("--reverb", request.reverb),
        "peak_dbfs": parse_span("--level", request.level),
        "expression": parse_expression(request),
    }
    given = {key: value for key, value in values.items() if value is not None}
    settings = ClipSettings(**given)  # type: ignore[arg-type]
    check_settings(settings)
    return settings


def parse_expression(request: SettingsRequest) -> ExpressionSettings | None:
    """Return the expression of the given options; None if notes are steady."""
    spans = {
        "vibrato_cents": parse_span("--vibrato", request.vibrato),
        "tremolo_db": parse_span("--tremolo", request.tremolo),
        "bend_cents": parse_span("--bend", request.bend),
        "portamento_s": parse_span("--portamento", request.portamento),
    }
    if not any(spans.values()):
        if request.vibrato_rate is not None or request.expression_share is not None:
            raise ParameterError(
                "--vibrato-rate and --expression-share need --vibrato, --tremolo, --bend or "
                "--portamento"
            )
        return None
    values = {
        **spans,
        "rate_hz": parse_span("--vibrato-rate", request.vibrato_rate),
        "share": request.expression_share,
    }
    given = {key: value for key, value in values.items() if value is not None}
    return ExpressionSettings(**given)  # type: ignore[arg-type]


def parse_span(option: str, text: str | None) -> Span | None:
    """Parse a span, the range of a distribution, from "10" or "10:30"."""
    if text is None:
        return None
    low, colon, high = text.partition(":")
    try:
        return float(low), float(high if colon else low)
    except ValueError as error:
        raise ParameterError(f"{option} must be a number or LOW:HIGH, not '{text}'") from error


def parse_sizes(text: str | None) -> tuple[int, ...] | None:
    """Parse sizes, without repeats and in order, from "1-12", "3,4,7", "m3,P5,TT" or "all"."""
    if text is None:
        return None
    if text == EVERYTHING:
        return tuple(range(LARGEST + 1))
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,2})(?:-(\d{1,2}))?\s*", part)
        if match:
            found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
            continue
        try:
            found.add(answer_semitones(part))
        except BadInputError as error:
            raise ParameterError(
                f"--intervals must be like 1-12, 3,4,7 or m3,P5, not '{text}'"
            ) from error
    return tuple(sorted(found))


def parse_names(text: str | None) -> tuple[str, ...] | None:
    """Parse names separated by commas, without repeats."""
    if text is None:
        return None
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
