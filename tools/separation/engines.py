"""The engine for a name, and which one `auto` is."""

import logging
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from muse.models.registry import HTDEMUCS, SPLEETER
from muse.tools.errors import ParameterError
from muse.tools.separation.engine import Engine
from muse.tools.weights import locate

log = logging.getLogger("muse")

AUTO = "auto"


@lru_cache(maxsize=1)
def load_engine(
    model: str = AUTO,
    *,
    model_dir: Path | None = None,
    wanted: tuple[str, ...] = (),
    device: str = "auto",
    precision: str = "auto",
    segment_s: float | None = None,
) -> Engine:
    """The engine of that name; the one used last is kept, since loading takes seconds.

    Args:
        model: auto, or a model's name.
        model_dir: folder of demucs weights to look in first.
        wanted: stems that will be used, others need no work; empty means all.
        device: auto, cpu, cuda or mps.
        precision: auto, float32 or bfloat16.
        segment_s: seconds that are separated at once; None takes what is best for the engine.

    Raises:
        MissingPartError: a package that the engine needs is not installed.
        MuseError: the weights are not here and cannot be fetched.
        ParameterError: an argument is out of range.
    """
    name, reason = choose_model(model, model_dir)
    if reason:
        log.info("separating with %s: %s", name, reason)
    try:
        if name == SPLEETER.name:
            from muse.tools.separation.embedded import EmbeddedEngine

            split = set(wanted) != {"vocals"}
            return EmbeddedEngine(
                device=device, precision=precision, segment_s=segment_s, split=split
            )
        from muse.tools.separation.demucs import DemucsEngine

        return DemucsEngine(
            name,
            model_dir=model_dir,
            wanted=wanted,
            device=device,
            precision=precision,
            segment_s=segment_s,
        )
    except ValueError as error:
        raise ParameterError(str(error)) from error


def choose_model(model: str, model_dir: Path | None) -> tuple[str, str]:
    """The model's name, and why it was chosen where the user left it open."""
    if model != AUTO:
        return model, ""
    if model_dir is not None:
        return HTDEMUCS.name, f"--model-dir {model_dir}"
    if not locate(HTDEMUCS):
        return SPLEETER.name, "htdemucs' weights are not on this machine"
    if find_spec("demucs") is None:
        return SPLEETER.name, "htdemucs' weights are here, but demucs is not installed"
    return HTDEMUCS.name, "its weights are on this machine"
