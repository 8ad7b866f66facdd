"""What the guard does, in scenarios (pytest-bdd) that run on the real environment with real threads."""
