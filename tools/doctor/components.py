"""The packages, libraries, devices and weights that muse uses: one function for each group.

The functions only look: they download, write and play nothing. A component is needed if
`muse separate` or `muse transcribe` with default options fails without it.
"""

import ctypes.util
import importlib
import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from muse import models
from muse.models.onnx import usable_cores
from muse.tools.errors import BadInputError, install_command, system_command
from muse.tools.files import sha256_of
from muse.tools.song.provenance import DISTRIBUTION
from muse.tools.weights import (
    REINSTALL,
    SHIPPED_SUFFIXES,
    WeightStatus,
    data_folder,
    list_weights,
    verify,
)

FFMPEG_TIMEOUT = 10  # seconds to wait for its version
OPTIONAL_EXTRAS = {"demucs": "the htdemucs engines of muse separate", "train": "muse train"}
REQUIREMENT = re.compile(
    r"""^([\w.-]+)(?:\[.*?\])?\s*([^;]*?)\s*(?:;.*extra == ['"](\w+)['"].*)?$"""
)


@dataclass(frozen=True, slots=True)
class Component:
    """A package, library, device or file that muse uses.

    Attributes:
        group: heading that it is listed under.
        name: its common name.
        present: whether it is installed and works.
        detail: its version or path, or what is wrong with it.
        used_for: what does not work without it.
        needed: whether the main commands fail without it under default options.
        command: the command that installs it; None if it is present or no command is known.
    """

    group: str
    name: str
    present: bool
    detail: str
    used_for: str = ""
    needed: bool = False
    command: str | None = None


def examine_python() -> Iterator[Component]:
    """Yield the interpreter, the system, and the packages that muse depends on."""
    yield Component("python", "muse", True, installed_version(DISTRIBUTION) or "not installed")
    yield Component("python", "python", True, platform.python_version())
    yield Component("python", "system", True, f"{platform.platform()}, {platform.machine()}")
    for line in requires(DISTRIBUTION) or []:
        if (package := examine_requirement(line)) is not None:
            yield package


def examine_requirement(line: str) -> Component | None:
    """Return the package of one metadata line, None for what only developers need."""
    match = REQUIREMENT.match(line)
    if match is None:
        return None
    name, wanted, extra = match.groups()
    if extra is not None and extra not in OPTIONAL_EXTRAS:
        return None
    found = installed_version(name)
    command = install_command(extra) if extra else f"pip install '{name}{wanted}'"
    return Component(
        "python",
        name,
        found is not None,
        found or "not installed",
        used_for=OPTIONAL_EXTRAS.get(extra or "", ""),
        needed=extra is None,
        command=None if found else command,
    )


def installed_version(name: str) -> str | None:
    """Return the version of an installed distribution, None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def examine_devices() -> Iterator[Component]:
    """Yield the devices that nets can run on."""
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        detail = f"onnxruntime cannot be imported: {error}"
        yield Component("devices", "cpu", False, detail, needed=True)
        return
    number = onnxruntime.__version__
    yield Component(
        "devices", "cpu", True, f"{usable_cores()} threads, onnxruntime {number}", needed=True
    )
    yield from examine_torch()


def examine_torch() -> Iterator[Component]:
    """Yield torch and the devices that it can use, for training and for Demucs."""
    use = f"{OPTIONAL_EXTRAS['train']}, {OPTIONAL_EXTRAS['demucs']}"
    try:
        import torch

        from muse.models.device import choose_device, has_fast_bfloat16, works
    except (ImportError, OSError) as error:  # OSError: torch misses a shared library
        missing = isinstance(error, ModuleNotFoundError)
        detail = "not installed" if missing else f"cannot be imported: {error}"
        command = install_command("train")
        yield Component("devices", "torch", False, detail, use, command=command)
        return
    bfloat16 = has_fast_bfloat16(torch.device("cpu"))
    detail = f"{torch.__version__}, {'fast' if bfloat16 else 'no fast'} bfloat16"
    yield Component("devices", "torch", True, detail, use)
    gpu = "mps" if platform.system() == "Darwin" else "cuda"
    there = works(gpu)
    yield Component("devices", gpu, there, gpu_name(gpu) if there else "no working GPU")
    yield Component("devices", "--device auto", True, choose_device().type)


def gpu_name(kind: str) -> str:
    """Return the product name of the GPU."""
    import torch

    return torch.cuda.get_device_name() if kind == "cuda" else "Apple GPU"


def examine_audio() -> Iterator[Component]:
    """Yield the libraries that read and write audio files."""
    use = "reading and writing audio files"
    try:
        import soundfile
    except (ImportError, OSError) as error:
        yield Component(
            "audio", "libsndfile", False, str(error), use, True, "pip install --upgrade soundfile"
        )
    else:
        has_mp3 = "MP3" in soundfile.available_formats()
        number = soundfile.__libsndfile_version__
        yield Component("audio", "libsndfile", True, number, use, needed=True)
        upgrade = None if has_mp3 else "pip install --upgrade soundfile"
        detail = "reading and writing" if has_mp3 else f"libsndfile {number} is older than 1.1"
        yield Component("audio", "mp3", has_mp3, detail, "MP3 without ffmpeg", command=upgrade)
    found = ffmpeg_version()
    yield Component(
        "audio",
        "ffmpeg",
        found is not None,
        found or "not found",
        "formats that libsndfile does not read, such as m4a and wma",
        command=None if found else system_command("ffmpeg"),
    )


def ffmpeg_version() -> str | None:
    """Return the version of the ffmpeg on the path, None if there is none that runs."""
    path = shutil.which("ffmpeg")
    if path is None:
        return None
    command = [path, "-hide_banner", "-version"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=FFMPEG_TIMEOUT
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return " ".join(done.stdout.split()[2:3])


def examine_rendering() -> Iterator[Component]:
    """Yield FluidSynth and the soundfonts."""
    from muse.tools.audio.soundfonts import find_soundfonts

    use = "muse render, and the sound of muse jam"
    found = fluidsynth_version()
    command = None if found else system_command("fluidsynth")
    yield Component(
        "rendering", "libfluidsynth", bool(found), found or "not found", use, command=command
    )
    fonts = find_soundfonts()
    if not fonts:
        detail = "none found"
        yield Component(
            "rendering", "soundfont", False, detail, use, command=system_command("soundfont")
        )
    for place, font in enumerate(fonts):
        detail = f"{font}{' (used)' if place == 0 else ''}"
        yield Component("rendering", "soundfont", True, detail, use)


def fluidsynth_version() -> str | None:
    """Return the version of libfluidsynth, None if it cannot be loaded."""
    from muse.tools.audio.render import load_fluidsynth
    from muse.tools.errors import MissingPartError

    try:
        library = load_fluidsynth()._fl
    except MissingPartError:
        return None
    library.fluid_version_str.restype = ctypes.c_char_p
    return str(library.fluid_version_str().decode())


def examine_midi() -> Iterator[Component]:
    """Yield python-rtmidi and the MIDI systems."""
    use = "a keyboard at muse jam: its live MIDI ports"
    there = find_spec("rtmidi") is not None
    command = None if there else install_command("jam")
    detail = ", ".join(rtmidi_systems()) if there else "not installed"
    yield Component("midi", "python-rtmidi", there, detail, use, command=command)
    if platform.system() == "Linux":
        sequencer = Path("/dev/snd/seq").exists()
        yield Component(
            "midi", "ALSA", sequencer, "sequencer" if sequencer else "no /dev/snd/seq here", use
        )
        jack = ctypes.util.find_library("jack")
        command = None if jack else system_command("jackd")
        yield Component("midi", "JACK", jack is not None, jack or "not found", use, command=command)
    yield from examine_jam()


def examine_jam() -> Iterator[Component]:
    """Yield whether 'muse jam' works without options, and what it lacks."""
    lacks = [*lacks_of_jam_input(), *lacks_of_jam_output()]
    detail = f"lacks {'; '.join(lacks)}" if lacks else "plays from a keyboard through this computer"
    yield Component("midi", "muse jam", not lacks, detail)


def lacks_of_jam_input() -> Iterator[str]:
    """Yield why no keyboard can be connected: what is not installed, does not run, or is absent."""
    from muse.tools.errors import MissingPartError
    from muse.tools.jam.ports.port_names import is_loop, list_ports

    if find_spec("rtmidi") is None:
        yield "python-rtmidi (for live MIDI ports)"
        return
    try:
        ports = list_ports()
    except MissingPartError as error:
        yield f"a MIDI system ({error})"
        return
    if not any(port.direction == "in" and not is_loop(port.name) for port in ports):
        yield "a MIDI input (connect a keyboard, or give --in FILE)"


def lacks_of_jam_output() -> Iterator[str]:
    """Yield why the built-in synthesizer does not sound."""
    from muse.tools.audio.soundfonts import find_soundfonts
    from muse.tools.jam.ports.synth import has_sound_card

    if fluidsynth_version() is None:
        yield "FluidSynth (the synthesizer)"
    if not find_soundfonts():
        yield "a soundfont"
    if not has_sound_card():
        yield "a sound card (give --out FILE, or --out PORT of another synthesizer)"


def rtmidi_systems() -> list[str]:
    """Return the MIDI systems that python-rtmidi was built for."""
    rtmidi: Any = importlib.import_module("rtmidi")
    return [rtmidi.get_api_display_name(api) for api in rtmidi.get_compiled_api()]


def examine_weights() -> Iterator[Component]:
    """Yield the weights, checked by their SHA-256, and the folder for downloaded weights."""
    shipped = sorted(shipped_folder().glob("*.json"))
    yield from map(examine_shipped, shipped)
    for status in list_weights():
        weights = status.weights
        if weights.name in {description.stem for description in shipped}:
            continue
        detail, whole = describe_weights(status)
        command = None if whole else f"muse models fetch {weights.name}"
        yield Component("weights", weights.name, whole, detail, weights.task, command=command)
    yield Component("weights", "download folder", True, str(data_folder()))


def shipped_folder() -> Path:
    """Return the folder of weights inside the package."""
    return Path(models.__file__).parent / "weights"


def examine_shipped(description: Path) -> Component:
    """Return the component of shipped weights, read from their card; all of them are needed."""
    facts = json.loads(description.read_text())
    files = [description.with_suffix(suffix) for suffix in SHIPPED_SUFFIXES]
    whole = any(file.is_file() and sha256_of(file) == facts["sha256"] for file in files)
    detail = str(description.parent) if whole else f"damaged or missing in {description.parent}"
    command = None if whole else REINSTALL
    return Component("weights", description.stem, whole, detail, facts["task"], True, command)


def describe_weights(status: WeightStatus) -> tuple[str, bool]:
    """Return where a model's files are, or what is wrong with them, and whether all are whole."""
    if not status.present:
        return f"not downloaded, {status.weights.size / 1e6:.0f} MB", False
    try:
        for path, file in zip(status.paths, status.weights.files, strict=True):
            verify(path, file)
    except BadInputError as error:
        return str(error), False
    return str(status.paths[0].parent), True
