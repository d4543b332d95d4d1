"""Takes: recording, reading, replaying and comparing sessions."""
