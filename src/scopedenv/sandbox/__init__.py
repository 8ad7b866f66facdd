"""A stateless model checker for Python threads: every schedule in its own forked process.

    from scopedenv.sandbox import Sandbox

    result = Sandbox().explore(model)
    print(result.report())

See :class:`Sandbox`.
"""

from .checkpoint import CheckpointError
from .result import (
    Estimate,
    Exploration,
    Finding,
    FindingKind,
    ModelFailure,
    Race,
    RaceAccess,
    Statistics,
    StepView,
    Verdict,
)
from .sandbox import Sandbox
from .schedule import Choice, Schedule
from .shared import Shared, choose, yield_now

__all__ = [
    "CheckpointError",
    "Choice",
    "Estimate",
    "Exploration",
    "Finding",
    "FindingKind",
    "ModelFailure",
    "Race",
    "RaceAccess",
    "Sandbox",
    "Schedule",
    "Shared",
    "Statistics",
    "StepView",
    "Verdict",
    "choose",
    "yield_now",
]
