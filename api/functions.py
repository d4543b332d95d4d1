"""The functions of the Python API; see the package for conventions and errors."""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from muse.tools.intervals.recordings import DetectedInterval
    from muse.tools.separation.separate import Separation
    from muse.tools.song.document import Song

File = str | PathLike[str]
Params = ParamSpec("Params")
Result = TypeVar("Result")

OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")  # of the command line, in a message
PARAMETERS = {"continue": "go_on"}  # whose names differ from those of their options


def naming_parameters(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """Decorate a function so that its errors name its parameters instead of the options."""

    @wraps(function)
    def call(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        from muse.tools.errors import MuseError

        try:
            return function(*args, **kwargs)
        except MuseError as error:
            error.args = (OPTION.sub(parameter_of, str(error)), *error.args[1:])
            raise

    return call


def parameter_of(option: re.Match[str]) -> str:
    """Return the parameter that an option of the command line is."""
    return PARAMETERS.get(option[1], option[1].replace("-", "_"))


@naming_parameters
def separate(
    source: File,
    out: File = ".",
    *,
    model: str = "auto",
    model_dir: File | None = None,
    stems: Sequence[str] = (),
    two_stems: str | None = None,
    format: str = "wav",
    bits: str = "16",
    overlap: float | None = None,
    segment: float | None = None,
    shifts: int = 1,
    template: str = "{track}/{stem}.{ext}",
    device: str = "auto",
    precision: str = "auto",
    skip_existing: bool = False,
) -> "Separation":
    """Separate a recording into stems that sum to it.

    Args:
        source: audio file.
        out: folder that the stems are written into.
        model: separation model, "auto" or a name of `muse models list`.
        model_dir: folder of demucs weights to take the model from.
        stems: names of the stems to write; all when empty.
        two_stems: name of one stem, written beside the sum of the others.
        format: "wav", "flac", "mp3" or "ogg".
        bits: "16", "24" or "32f".
        overlap: share of a segment that overlaps the next, 0 to 0.95.
        segment: length of a segment, in seconds.
        shifts: number of shifted passes that are averaged.
        template: file names, made of {track}, {stem} and {ext}.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32" or "bfloat16".
        skip_existing: write nothing where all stems exist.

    Returns:
        The stems with their paths, peaks and loudness, and the residual against the mix.

    Raises:
        BadInputError: the source is not readable audio.
        MissingPartError: the model's package or weights are not installed.
        ParameterError: a parameter is out of range or does not go with another.
    """
    from muse.tools.separation.separate import SeparateOptions, separate_file

    options = SeparateOptions(
        model=model,
        model_dir=None if model_dir is None else Path(model_dir),
        stems=tuple(stems),
        two_stems=two_stems,
        format=format,
        bits=bits,
        overlap=overlap,
        segment_s=segment,
        shifts=shifts,
        device=device,
        precision=precision,
        template=template,
        skip_existing=skip_existing,
    )
    return separate_file(Path(source), Path(out), options)


@naming_parameters
def transcribe(
    source: File,
    out: File | None = None,
    *,
    no_stems: bool = False,
    no_separate: bool = False,
    role: str | None = None,
    only: str | None = None,
    model: str = "auto",
    engine: str = "auto",
    tempo: str = "auto",
    quantize: str | None = None,
    min_confidence: float = 0.0,
    device: str = "auto",
    skip_existing: bool = False,
) -> "Song":
    """Transcribe a recording into a Song: one track per instrument, tempos, meter and key.

    Args:
        source: audio file.
        out: folder that gets <stem>.wav, <stem>.mid, song.mid and song.json; no file when None.
        no_stems: write no stem audio.
        no_separate: treat the source as one instrument.
        role: role of that instrument, for example "bass"; detected when None.
        only: names of the stems to transcribe, separated by commas.
        model: separation model, "auto" or a name of `muse models list`.
        engine: transcription engine of pitched parts.
        tempo: "auto" or beats per minute.
        quantize: note grid, for example "1/16", or "1/8t" for triplets.
        min_confidence: lowest confidence of a note to be written, 0 to 1.
        device: "auto", "cpu", "cuda" or "mps".
        skip_existing: return the song.json that exists in `out`, and write nothing.

    Raises:
        BadInputError: the source is not readable audio.
        MissingPartError: a model's package or weights are not installed.
        ParameterError: a parameter is out of range or does not go with another.
    """
    from muse.tools.transcription.options import TranscribeOptions
    from muse.tools.transcription.transcribe import transcribe_file

    options = TranscribeOptions.parse(
        separate=not no_separate,
        role=role,
        only=only,
        model=model,
        engine=engine,
        tempo=tempo,
        quantize=quantize,
        min_confidence=min_confidence,
        device=device,
        keep_stems=not no_stems,
    )
    folder = None if out is None else Path(out)
    return transcribe_file(Path(source), folder, options, skip_existing=skip_existing).song


@naming_parameters
def chords(
    *,
    bars: int | None = None,
    style: str = "neo-soul",
    key: str | None = None,
    mode: str | None = None,
    meter: str | None = None,
    tempo: float | None = None,
    prompt: str | None = None,
    like: "Song | File | None" = None,
    vary: bool = False,
    under: "Song | File | None" = None,
    melody_track: str | None = None,
    model: str = "auto",
    temperature: float | None = None,
    top_k: int = 0,
    top_p: float = 0.9,
    seed: int | None = None,
    voicing: str | None = None,
    harmonic_rhythm: str = "free",
    cadence: str | None = None,
    fix: str | None = None,
) -> "Song":
    """Write a chord progression, voiced and played in a style.

    Args:
        bars: number of bars; 8 when None.
        style: "pop", "soul", "rock", "jazz" or "neo-soul".
        key: key, for example "Eb" or "Cm"; drawn when None.
        mode: "major" or "minor".
        meter: time signature, for example "6/8"; 4/4 when None.
        tempo: beats per minute; of dotted quarters in compound meter.
        prompt: chords to begin with, for example "Dm9 G13", or bars as in a chart.
        like: song whose chords are continued.
        vary: change that song's chords instead.
        under: song whose melody gets chords.
        melody_track: number from 1 of that song's melody track, or part of its name; the likeliest
            one when None.
        model: chord model, "auto", a name or a path.
        temperature: sampling temperature; 1, with `under` 0.5, when None.
        top_k: number of likeliest chords to draw from; 0 is all.
        top_p: total probability of the chords to draw from.
        seed: seed of all that is drawn.
        voicing: voicing style, for example "drop-2"; the style's own when None.
        harmonic_rhythm: "free", or the beats that each chord lasts.
        cadence: "full", "half", "plagal" or "open".
        fix: chords at the start of bars, for example "4:V7 8:I".

    Raises:
        BadInputError: `like` has no chords, or `under` no melody.
        ParameterError: a parameter is out of range, or the constraints cannot be met together.
    """
    from muse.tools.chords.load_model import load_generator, report_model
    from muse.tools.chords.note_songs import generate_with
    from muse.tools.chords.request import ChordRequest
    from muse.tools.datasets.melody_track import with_melody_track
    from muse.tools.errors import ParameterError
    from muse.tools.generation.sampling import Sampling, default_temperature
    from muse.tools.generation.seeds import choose_seed

    if melody_track and under is None:
        raise ParameterError("melody_track names a track of the song of under; give under")
    melody_song = None if under is None else with_melody_track(as_song(under), melody_track)
    request = ChordRequest(
        bars=bars,
        style=style,
        key=key,
        mode=mode,
        meter=meter,
        tempo=tempo,
        prompt=prompt,
        like=None if like is None else as_song(like),
        vary=vary,
        under=melody_song,
        cadence=cadence,
        fix=fix,
        rhythm=harmonic_rhythm,
        voicing=voicing,
        sampling=Sampling(default_temperature(temperature, under is not None), top_k, top_p),
    )
    seed, known = choose_seed(seed), load_generator(model)
    song, _ = next(generate_with(request, known, seed, source=file_name(like or under)))
    report_model(known)
    return song


@naming_parameters
def melody(
    song: "Song | File",
    *,
    bars: int | None = None,
    range: str | None = None,
    density: float | None = None,
    rhythm_like: "Song | File | None" = None,
    motif: "Song | File | None" = None,
    form: str = "auto",
    go_on: bool = False,
    fill: str | None = None,
    temperature: float = 1.0,
    top_p: float = 0.95,
    seed: int | None = None,
    rank: int = 1,
    melody_track: str | None = None,
    model: str = "melody-xl",
) -> "Song":
    """Write a melody over the chords of a song; the chords stay as they are.

    Args:
        song: song with chords, or with tracks to detect them in.
        bars: number of bars; all that have chords when None.
        range: lowest and highest pitch, for example "C4:A5".
        density: notes per bar.
        rhythm_like: song whose melody gives onsets and durations.
        motif: song whose melody this one begins with.
        form: a letter for each section, for example "AABA", or "auto" or "none".
        go_on: continue the song's own melody.
        fill: bars of the song's own melody to write anew, for example "5-8".
        temperature: sampling temperature.
        top_p: total probability of the pitches to draw from.
        seed: seed of all that is drawn.
        rank: number of melodies drawn for each one returned, the most song-like.
        melody_track: number from 1 of the song's melody track, or part of its name; the likeliest
            one when None.
        model: melody model, a name or a path.

    Raises:
        BadInputError: no chords and no tracks to detect them in, or no melody to continue.
        ParameterError: a parameter is out of range or does not go with another.
    """
    from muse.tools.datasets.melody_track import with_melody_track
    from muse.tools.generation.sampling import Sampling
    from muse.tools.generation.seeds import choose_seed
    from muse.tools.melody.generate_songs import generate_melodies
    from muse.tools.melody.net_model import load_melody_model
    from muse.tools.melody.request import MelodyRequest

    request = MelodyRequest(
        bars=bars,
        range=range,
        density=density,
        rhythm_like=None if rhythm_like is None else as_song(rhythm_like),
        motif=None if motif is None else as_song(motif),
        form=form,
        is_continuing=go_on,
        fill=fill,
        sampling=Sampling(temperature, 0, top_p),
        rank=rank,
    )
    names = {"rhythm_like": file_name(rhythm_like), "motif": file_name(motif)}
    files = {name: file for name, file in names.items() if file}
    seed, source = choose_seed(seed), with_melody_track(as_song(song), melody_track)
    return next(generate_melodies(source, request, load_melody_model(model), seed, 1, files)).song


@naming_parameters
def tokenize(
    song: "Song | File", *, scheme: str | None = None, tokenizer: File | None = None
) -> list[Any]:
    """Encode a song as token ids.

    Args:
        song: what to encode.
        scheme: token scheme, for example "remi" (the default), "octuple" or "mmm".
        tokenizer: tokenizer file that `muse tokenize --bpe` wrote.

    Returns:
        A list of ids; a list of lists for the schemes whose steps are several ids.

    Raises:
        BadInputError: the song cannot be encoded, or the tokenizer file not read.
        ParameterError: no such scheme, or the tokenizer file is of another one.
    """
    from muse.tools.tokens.batch import choose_tokenizer

    return list(choose_tokenizer(scheme, file_name(tokenizer)).encode(as_song(song)).ids)


@naming_parameters
def detokenize(
    ids: Sequence[Any], *, scheme: str | None = None, tokenizer: File | None = None
) -> "Song":
    """Decode token ids into a song; invalid sequences are repaired, never refused.

    Args:
        ids: as `tokenize` returns them.
        scheme: token scheme they were encoded with; remi when None.
        tokenizer: tokenizer file they were encoded with.

    Raises:
        BadInputError: the tokenizer file cannot be read.
        ParameterError: no such scheme, or the tokenizer file is of another one.
    """
    from muse.tools.tokens.batch import choose_tokenizer

    return choose_tokenizer(scheme, file_name(tokenizer)).decode(ids).song


@naming_parameters
def render(
    song: "Song | File",
    out: File | None = None,
    *,
    soundfont: File | None = None,
    sample_rate: int = 44_100,
    gain: float = 0.5,
    bits: str = "16",
) -> "NDArray[np.float32] | None":
    """Render a song to audio with FluidSynth.

    Args:
        song: what to play.
        out: audio file to write, .wav, .flac, .ogg or .mp3.
        soundfont: .sf2 or .sf3 file; $MUSE_SOUNDFONT or the best installed one when None.
        sample_rate: in Hz.
        gain: linear gain of the synthesizer.
        bits: of the file, "16", "24" or "32f".

    Returns:
        The audio, shape (2, frames), where no file is named.

    Raises:
        BadInputError: the song or the soundfont cannot be read.
        MissingPartError: FluidSynth is not installed.
    """
    from muse.tools.audio import render as renderer
    from muse.tools.audio.soundfonts import choose_soundfont

    font = choose_soundfont(None if soundfont is None else Path(soundfont))
    options: dict[str, Any] = {"soundfont": font, "sample_rate": sample_rate, "gain": gain}
    if out is None:
        return renderer.render(as_song(song), **options)
    renderer.render_file(as_song(song), Path(out), bits=bits, **options)
    return None


@naming_parameters
def intervals(source: File) -> "list[DetectedInterval]":
    """Detect the musical intervals in a recording of single notes or pairs of notes.

    Raises:
        BadInputError: the source is not readable audio.
    """
    from muse.tools.intervals.recordings import find_intervals_in_file

    return list(find_intervals_in_file(Path(source)))


def load_song(path: File) -> "Song":
    """Read a song: MIDI, Song document, MusicXML, ABC, chord chart or any other format muse reads.

    Of a file with several songs the first is returned; `load_songs` reads all.

    Raises:
        BadInputError: the file is missing or in no format that muse reads.
    """
    return load_songs(path)[0]


def load_songs(path: File) -> "list[Song]":
    """Read all songs of a file or folder, in the order of their names.

    Raises:
        BadInputError: a file is missing, or in no format that muse reads.
    """
    from muse.tools.datasets.readers import read_songs

    return [song for _, song in read_songs(Path(path))]


def save_song(song: "Song", path: File) -> None:
    """Write a song in the format that the file name's suffix names.

    Args:
        song: what to write.
        path: .mid, .json, .musicxml, .mxl, .abc, .wav, .flac, .ogg, .mp3, .png, .svg or .pdf.

    Raises:
        MissingPartError: audio without FluidSynth.
        ParameterError: the suffix names no format.
    """
    from muse.tools.song.export import check_target, save_songs

    check_target(Path(path), "")
    save_songs([song], [Path(path)])


def as_song(song: "Song | File") -> "Song":
    """Return the song itself, or the one read from a file; raises ParameterError for others."""
    from muse.tools.errors import ParameterError
    from muse.tools.song.document import Song

    if isinstance(song, Song):
        return song
    path = file_name(song)
    if path is None:
        raise ParameterError(f"a Song or the path of a file is needed, not {type(song).__name__}")
    return load_song(path)


def file_name(source: "Song | File | None") -> str | None:
    """Return the name of a file, None for a Song or None."""
    return fspath(source) if isinstance(source, str | PathLike) else None
