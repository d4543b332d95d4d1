"""How each net is trained, one file for each."""
