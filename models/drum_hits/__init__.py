"""Net that classifies drum hits from the spectrum around one frame: config, inference (numpy)."""
