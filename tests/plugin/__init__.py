"""The pytest plugin, run by pytest as its users run it."""
