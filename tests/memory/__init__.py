"""The memory watch, with real forks: every way to reach an object, every conflict, and nothing that is none."""
