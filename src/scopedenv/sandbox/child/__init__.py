"""Life inside the sandbox process: the runtime that announces and waits, one shim file per family of primitives."""
