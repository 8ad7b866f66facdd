"""A stateless model checker for Python threads: every schedule in its own forked process.

    from scopedenv.sandbox import Sandbox

    result = Sandbox().explore(model)
    print(result.report())

See :class:`Sandbox`.
"""

from .checkpoint import CheckpointError
from .failure_file import FailureFileError, SavedFailure, read_failure
from .progress import progress_line
from .result import (
    Estimate,
    Exploration,
    Finding,
    FindingKind,
    Link,
    ModelFailure,
    Origin,
    Passing,
    Race,
    RaceAccess,
    Statistics,
    StepView,
    Verdict,
    Waiting,
)
from .sandbox import Sandbox
from .schedule import Choice, Schedule
from .shared import Shared, choose, yield_now

__all__ = [
    "CheckpointError",
    "Choice",
    "Estimate",
    "Exploration",
    "FailureFileError",
    "Finding",
    "FindingKind",
    "Link",
    "ModelFailure",
    "Origin",
    "Passing",
    "Race",
    "RaceAccess",
    "Sandbox",
    "SavedFailure",
    "Schedule",
    "Shared",
    "Statistics",
    "StepView",
    "Verdict",
    "Waiting",
    "choose",
    "progress_line",
    "read_failure",
    "yield_now",
]
