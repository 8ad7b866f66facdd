"""Known bugs that must be found, each with its repaired twin that must pass."""
