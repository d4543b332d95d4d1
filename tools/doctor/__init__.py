"""What muse finds on this machine, and how to install the rest."""
