"""Which parts of muse work on this machine, and how to install the others."""
