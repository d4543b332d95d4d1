"""The tasks of `muse tokenize`, one function for each."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muse.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from muse.tools.tokens.batch import DecodedFile
    from muse.tools.tokens.run_options import RunOptions
    from muse.tools.tokens.tokenizer import Tokenizer

Show = Callable[[str, Any], None]


def process_each(
    title: str, names: list[str], work: Callable[[str], Any], show: Show, jobs: int
) -> ExitCode:
    """Process each input under one progress bar, and show its result."""
    from muse.cli.batch import run_batch
    from muse.cli.progress import progress_bar

    done = 0
    with progress_bar(title) as report:

        def counted(name: str, result: Any) -> None:
            nonlocal done
            done += 1
            report(f"{done}/{len(names)}", done / len(names))
            show(name, result)

        return run_batch(names, work, counted, jobs=jobs) if names else ExitCode.OK


def encode(options: "RunOptions", tokenizer: "Tokenizer") -> ExitCode:
    """Encode songs as token files."""
    from muse.tools.tokens.batch import token_file_line

    params: dict[str, Any] = {"scheme": tokenizer.scheme.name}
    if tokenizer.merges:
        params["learned"] = len(tokenizer.merges)
    with open_output(options, ".json") as (names, show):
        work = partial(token_file_line, tokenizer, params)
        return process_each("tokenize", names, work, show, options.jobs(len(names)))


@contextmanager
def open_output(options: "RunOptions", suffix: str) -> Iterator[tuple[list[str], Show]]:
    """Yield the inputs to process, and the function that writes the bytes of each."""
    from muse.cli.output import write_bytes
    from muse.tools.errors import ParameterError
    from muse.tools.files import write_bytes as write_file
    from muse.tools.tokens.outputs import check_not_input, is_folder, output_paths, writing_lines

    names, out = list(options.inputs), options.out
    if out is None or out == "-":
        yield names, lambda _, line: write_bytes(line)
    elif is_folder(out):
        places = output_paths(out, options.inputs, suffix)
        if options.skip_existing:
            names = [name for name in names if not places[name].exists()]
        yield names, lambda name, line: write_file(places[name], line)
    else:
        check_not_input(out, options.inputs)
        if len(names) > 1 and not out.endswith(".jsonl"):
            raise ParameterError(
                f"{out} holds one song; for several name a .jsonl file or a folder"
            )
        with writing_lines(Path(out)) as lines:
            is_there = options.skip_existing and Path(out).exists()
            yield [] if is_there else names, lambda _, line: lines.write(line)


def decode(options: "RunOptions", tokenizer: "Tokenizer | None") -> ExitCode:
    """Decode token files to MIDI files or Songs."""
    from muse.cli.batch import run_batch
    from muse.tools.errors import ParameterError
    from muse.tools.tokens.batch import decode_one
    from muse.tools.tokens.decoded_files import SongWriter

    if options.out in (None, "-") and not options.as_json:
        from muse.cli.output import refuse_terminal

        refuse_terminal("MIDI")
        if len(options.paths) > 1:
            raise ParameterError("standard output takes one song as MIDI; name a folder with -o")
    writer = SongWriter(options.out, options.paths, options.skip_existing)

    def show(name: str, songs: "list[DecodedFile]") -> None:
        report_repairs(name, songs)
        if options.out not in (None, "-"):
            writer.write(name, songs)
        else:
            print_songs(songs, options.as_json)

    return run_batch(
        options.paths, partial(decode_one, tokenizer), show, jobs=options.jobs(len(options.paths))
    )


def report_repairs(name: str, songs: "list[DecodedFile]") -> None:
    """Report the repairs that decoding made to invalid tokens."""
    for song in songs:
        if song.repairs:
            kinds = ", ".join(f"{count} x {kind}" for kind, count in song.repairs.items())
            total = sum(song.repairs.values())
            logging.getLogger("muse").info("%s: %d repairs (%s)", song.file or name, total, kinds)


def print_songs(songs: "list[DecodedFile]", as_json: bool) -> None:
    """Write songs to stdout: JSON lines, or one song as MIDI."""
    from muse.cli.output import write_bytes
    from muse.tools.errors import ParameterError
    from muse.tools.song.document import song_to_json
    from muse.tools.song.midi_writer import song_to_midi

    if not as_json and len(songs) > 1:
        raise ParameterError("standard output takes one song as MIDI; name a folder with -o")
    for song in songs:
        write_bytes(song_to_json(song.song) if as_json else song_to_midi(song.song))


def check(options: "RunOptions", tokenizer: "Tokenizer") -> ExitCode:
    """Report the round trip of each song and of all; FAILED if notes moved beyond the grid."""
    from muse.tools.tokens.batch import check_one
    from muse.tools.tokens.round_trip import RoundTrip, summary

    results: dict[str, RoundTrip] = {}
    with json_lines(options) as write:

        def show(name: str, result: RoundTrip) -> None:
            results[name] = result
            write({"file": name, "scheme": tokenizer.scheme.name, "ok": result.ok}, result)

        names = list(options.inputs)
        work = partial(check_one, tokenizer)
        code = process_each("check", names, work, show, options.jobs(len(names)))
        if len(names) > 1:
            write({"summary": summary(results, tokenizer)}, None)
    broken = [name for name, result in results.items() if not result.ok]
    if broken:
        logging.getLogger("muse").warning(
            "%d of %d files differ beyond the grid of %s after a round trip; first: %s (%s)",
            *(len(broken), len(results), tokenizer.scheme.name, broken[0]),
            ", ".join(results[broken[0]].broken),
        )
    return ExitCode.FAILED if broken and code == ExitCode.OK else code


@contextmanager
def json_lines(options: "RunOptions") -> Iterator[Callable[[dict[str, Any], Any], None]]:
    """Yield a function that writes objects as JSON lines, to stdout or to a file."""
    import msgspec

    from muse.cli.output import write_bytes
    from muse.tools.errors import ParameterError
    from muse.tools.files import json_bytes
    from muse.tools.tokens.outputs import check_not_input, is_folder, writing_lines

    def line(head: dict[str, Any], rest: Any) -> bytes:
        more = msgspec.to_builtins(rest) if rest is not None else {}
        return json_bytes({**head, **more}) + b"\n"

    if options.out in (None, "-"):
        yield lambda head, rest: write_bytes(line(head, rest))
        return
    if is_folder(str(options.out)):
        raise ParameterError(f"{options.out} is a folder; name a .jsonl or .json file with -o")
    check_not_input(str(options.out), options.inputs)
    with writing_lines(Path(str(options.out))) as lines:
        yield lambda head, rest: lines.write(line(head, rest))


def stats(options: "RunOptions", tokenizer: "Tokenizer") -> ExitCode:
    """Report token counts of each song and of all."""
    from muse.tools.tokens.batch import stats_one
    from muse.tools.tokens.stats import Stats, describe, summary

    results: list[Stats] = []
    with json_lines(options) as write:

        def show(name: str, result: Stats) -> None:
            results.append(result)
            write({"file": name, "scheme": tokenizer.scheme.name}, describe(result))

        names = list(options.inputs)
        work = partial(stats_one, tokenizer)
        code = process_each("count", names, work, show, options.jobs(len(names)))
        if results:
            write({"summary": summary(results, tokenizer)}, None)
    return code


def learn(options: "RunOptions", tokenizer: "Tokenizer", size: int, path: Path) -> "Tokenizer":
    """Learn byte pairs from the inputs, and save the tokenizer."""
    from muse.tools.errors import BadInputError
    from muse.tools.tokens.batch import encode_one
    from muse.tools.tokens.tokenizer import check_bpe, learn_bpe, save_tokenizer

    check_bpe(tokenizer, size)
    sequences: list[Any] = []
    names = list(options.inputs)
    work = partial(encode_one, tokenizer)
    process_each(
        "read", names, work, lambda _, ids: sequences.append(ids), options.jobs(len(names))
    )
    if not sequences:
        raise BadInputError("no input could be read; byte pairs are learned from songs")
    learned = learn_bpe(tokenizer, sequences, size)
    save_tokenizer(learned, path)
    return learned


@dataclass(frozen=True)
class ShardRequest:
    """Shards to write.

    Attributes:
        count: number of shards.
        suffix: file format, "npz" or "safetensors".
        seed: of the split into training, validation and test songs.
        bpe: vocabulary size to learn by byte pair encoding; None for the plain vocabulary.
        stored: file for the learned tokenizer.
    """

    count: int
    suffix: str
    seed: int
    bpe: int | None
    stored: Path


def shards(options: "RunOptions", tokenizer: "Tokenizer", request: ShardRequest) -> ExitCode:
    """Encode songs into shards in a folder."""
    from muse.tools.errors import ParameterError
    from muse.tools.tokens.batch import learn_for_shards, made_by, shard_material, split_by_song
    from muse.tools.tokens.inputs import song_names
    from muse.tools.tokens.shards import check_shards, write_shards
    from muse.tools.tokens.tokenizer import check_bpe

    if options.out is None:
        raise ParameterError("--shards needs a folder: -o DIR")
    check_shards(Path(options.out), request.suffix, request.count)
    if request.bpe is not None:
        check_bpe(tokenizer, request.bpe)
    found: dict[str, Any] = {}
    names = song_names(options.inputs)

    def keep(name: str, material: Any) -> None:
        found[names[name]] = material

    work = partial(shard_material, tokenizer)
    code = process_each("tokenize", list(names), work, keep, options.jobs(len(names)))
    if found:
        songs = {name: ids for name, (ids, _) in found.items()}
        song_split = split_by_song(
            {name: known for name, (_, known) in found.items()}, request.seed
        )
        if request.bpe is not None:
            tokenizer, songs = learn_for_shards(
                tokenizer, songs, song_split, request.bpe, request.stored
            )
        params = {"scheme": tokenizer.scheme.name, "split_seed": request.seed}
        write_shards(
            Path(options.out),
            list(songs.items()),
            tokenizer,
            count=request.count,
            suffix=request.suffix,
            song_split=song_split,
            made_by=made_by(params),
        )
    return code


def build_form(
    form: str, inputs: list[str], out: str | None, as_shards: bool, options: dict[str, Any]
) -> ExitCode:
    """Write training data of a form: JSON lines, or a folder of shards."""
    from muse.cli.progress import print_message, progress_bar
    from muse.tools.datasets.forms.build import build_form as build
    from muse.tools.datasets.forms.options import FormOptions
    from muse.tools.datasets.forms.writers import json_lines, write_json_lines, write_shards
    from muse.tools.tokens.outputs import is_folder

    chosen = FormOptions(**{key: value for key, value in options.items() if value is not None})
    with progress_bar(form) as report:
        result = build(form, inputs, chosen, report)
    for problem in result.problems:
        print_message(f"muse: {problem}")
    if out is None or out == "-":
        for line in json_lines(result):
            sys.stdout.buffer.write(line)
    elif as_shards or is_folder(out):
        write_shards(result, Path(out))
    else:
        write_json_lines(result, Path(out))
    return ExitCode.FAILED if result.problems else ExitCode.OK
