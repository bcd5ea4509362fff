"""What a command takes from outside, in one value, so that a test can hand in its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from guard.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard._recording import Recording


def _plugin_rules() -> tuple[Rule, ...]:
    from guard.plugins import load_rules

    return load_rules()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment, the rules, and when the run began (``time.perf_counter``)."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    rules: Callable[[], tuple[Rule, ...]] = _plugin_rules
    started: float = field(default_factory=time.perf_counter)
    recording: Recording | None = None
    """Where a check leaves what it said, if the run is recorded."""
