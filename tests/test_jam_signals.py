"""Signals, and files and takes in case of errors."""

import errno
import gc
import re
import signal
import sys
import tempfile
from pathlib import Path
from threading import Event

import pytest

from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.jam import play
from muse.tools.jam import recording as keeping
from muse.tools.jam import signals as leaving
from muse.tools.jam.clock import freeze_garbage_collector
from muse.tools.jam.options import JamRequest
from muse.tools.jam.routing import Routing, check_routing
from muse.tools.jam.signals import stop_on_signals
from muse.tools.jam.takes.records import read_take

FAST = JamRequest(bpm="400", count_in=0)  # a beat in 0.15 s


def fed() -> Event:
    """Return an event that is set: the input has ended."""
    stop = Event()
    stop.set()
    return stop


def test_late_signal_raises_keyboard_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "GRACE_S", -1.0)
    with stop_on_signals() as stop:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup has it
    try:
        with stop_on_signals() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            assert stop.is_set()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_take_is_kept_where_the_output_file_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = tmp_path / "of" / "take.mid"
    target.parent.mkdir()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(keeping, "write_take", fail)
    routing = Routing(source="a port", target=str(target), model="ngram")
    monkeypatch.setattr(play, "open_input", lambda *_: fed())
    with pytest.raises(OSError, match="No space"):
        play.jam(FAST, routing, seed=1)
    (recorded,) = tmp_path.glob("*/take.jsonl")
    assert str(recorded) in caplog.text
    assert read_take(recorded).is_whole


def test_a_second_performance_does_not_overwrite_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "open_input", lambda *_: fed())
    routing = Routing(source="a port", target=str(tmp_path / "solo.mid"), model="ngram", bars=1)
    files = [play.jam(FAST, routing, seed=seed).files for seed in (1, 2)]
    assert [Path(name).name for (name,) in files] == ["solo.mid", "solo_2.mid"]


def test_old_objects_are_frozen_within_the_context() -> None:
    with freeze_garbage_collector():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("closed", ["stdin", "stdout"])
def test_closed_pipes_are_errors(monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    monkeypatch.setattr(sys, closed, None)
    with pytest.raises(MuseError, match="is closed; give"):
        check_routing(Routing(source="-", target="-"))


def test_unwritable_file_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "take.mid"
    with pytest.raises(OSError, match=re.escape(str(target.parent))):
        keeping.check_writable(target)


def test_a_folder_or_an_empty_name_is_refused(tmp_path) -> None:
    with pytest.raises(BadInputError, match="is a folder; name a file or a MIDI port"):
        check_routing(Routing(source=str(tmp_path), target="x.mid"))
    with pytest.raises(ParameterError, match="--record needs a name"):
        check_routing(Routing(source="a.mid", target="x.mid", record=Path()))
