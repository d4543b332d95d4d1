"""Report of the parts of muse on this machine, and the commands that install the others."""

from dataclasses import asdict
from typing import Any

from muse.tools.doctor.parts import (
    Part,
    examine_audio,
    examine_devices,
    examine_midi,
    examine_python,
    examine_rendering,
    examine_weights,
    installed_version,
)
from muse.tools.song.provenance import DISTRIBUTION

FORMAT = "muse.doctor/1"

GROUPS = {
    "python": examine_python,
    "devices": examine_devices,
    "audio": examine_audio,
    "rendering": examine_rendering,
    "midi": examine_midi,
    "weights": examine_weights,
}


def examine() -> list[Part]:
    """Return all parts, group by group; a group that cannot be examined is reported as missing."""
    parts: list[Part] = []
    for group, examine_group in GROUPS.items():
        try:
            parts += examine_group()
        except (ImportError, OSError) as error:
            parts.append(Part(group, group, False, f"cannot be examined: {error}", needed=True))
    return parts


def report(parts: list[Part]) -> dict[str, Any]:
    """Return the parts as one JSON object; `ok` is true if no needed part is missing."""
    missing = [part for part in parts if not part.present and (part.needed or part.command)]
    return {
        "format": FORMAT,
        "ok": not any(part.needed for part in missing),
        "version": installed_version(DISTRIBUTION),
        "parts": [asdict(part) for part in parts],
        "missing": [
            {"name": part.name, "needed": part.needed, "command": part.command} for part in missing
        ],
    }
