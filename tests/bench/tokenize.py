"""Speed of tokenizing, see token_speed.py: muse, MidiTok, and reading with music21.

    python tests/bench/tokenize.py [--json FILE] [--data FOLDER] [--only speed,schemes]

This file only runs token_speed.py. Its name is also that of a module of the standard library; if a
script of this folder imports `tokenize`, it gets that module.
"""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    import runpy

    runpy.run_path(str(Path(__file__).with_name("token_speed.py")), run_name="__main__")
else:  # imported: load the module of the standard library instead
    import importlib.util

    path = Path(os.__file__).with_name("tokenize.py")
    spec = importlib.util.spec_from_file_location(__name__, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[__name__] = module
    spec.loader.exec_module(module)
