"""What of muse is on this machine, what is missing, and the command that brings it."""

from dataclasses import asdict
from typing import Any

from muse.tools.doctor.parts import (
    Part,
    installed_version,
    look_at_audio,
    look_at_devices,
    look_at_midi,
    look_at_python,
    look_at_rendering,
    look_at_weights,
)
from muse.tools.song.provenance import DISTRIBUTION

FORMAT = "muse.doctor/1"

GROUPS = {
    "python": look_at_python,
    "devices": look_at_devices,
    "audio": look_at_audio,
    "rendering": look_at_rendering,
    "midi": look_at_midi,
    "weights": look_at_weights,
}


def examine() -> list[Part]:
    """Look at everything, group by group; a part too broken to be looked at stops nothing."""
    parts: list[Part] = []
    for group, look in GROUPS.items():
        try:
            parts += look()
        except (ImportError, OSError) as error:
            parts.append(Part(group, group, False, f"cannot be looked at: {error}", needed=True))
    return parts


def report(parts: list[Part]) -> dict[str, Any]:
    """The findings as one JSON object; `ok` when nothing that is needed is missing."""
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
