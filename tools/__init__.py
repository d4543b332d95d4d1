"""What the commands do, as plain functions on arrays, Songs and files."""
