"""The reporting step: the ranking as a table in the terminal."""
