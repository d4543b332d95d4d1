"""Components of muse found on this machine, and commands that install the others."""
