"""Collections of songs: reading them in any form, versions of one piece, and splits."""
