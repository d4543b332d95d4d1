"""Tokenizing side by side in one run: muse, MidiTok used directly, and reading with music21.

    python tests/bench/tokenize.py [--json FILE] [--data FOLDER] [--only speed,schemes]

The bench itself is `token_speed.py`. This file is its name only: it is also the name of a module of
the standard library, which the scripts of this folder must still find.
"""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    import runpy

    runpy.run_path(str(Path(__file__).with_name("token_speed.py")), run_name="__main__")
else:  # a script of this folder means the standard library's
    import importlib.util

    path = Path(os.__file__).with_name("tokenize.py")
    spec = importlib.util.spec_from_file_location(__name__, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[__name__] = module
    spec.loader.exec_module(module)
