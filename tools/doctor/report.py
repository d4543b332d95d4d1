"""Report of the components found on this machine, with commands that install the others."""

from dataclasses import asdict
from typing import Any

from muse.tools.doctor.components import (
    Component,
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


def examine() -> list[Component]:
    """Return all components by group; a group that cannot be examined is reported as missing."""
    components: list[Component] = []
    for group, examine_group in GROUPS.items():
        try:
            components += examine_group()
        except (ImportError, OSError) as error:
            components.append(
                Component(group, group, False, f"cannot be examined: {error}", needed=True)
            )
    return components


def report(components: list[Component]) -> dict[str, Any]:
    """Return the components as one JSON object; `ok` is true if no needed one is missing."""
    missing = [each for each in components if not each.present and (each.needed or each.command)]
    return {
        "format": FORMAT,
        "ok": not any(each.needed for each in missing),
        "version": installed_version(DISTRIBUTION),
        "parts": [asdict(each) for each in components],
        "missing": [
            {"name": each.name, "needed": each.needed, "command": each.command} for each in missing
        ],
    }
