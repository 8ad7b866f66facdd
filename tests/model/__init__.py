"""The guard under the model checker: its promises hold under every schedule, and broken guards are found out.

Opt-in: ``pytest --sandboxed-model tests/model``. Each test function marked `sandboxed_model` is one promise of
the guard, written as a model over the real `os.environ`. `tests.model.mutants` holds broken guards; each of them
must break one of these very functions.
"""
