"""Rules that exist only to have options of every type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from guard.engine import OWN_RULES
from guard.model import Level
from guard.options import option
from guard.rule import SourceRule


class Mode(Enum):
    STRICT = "strict"
    LOOSE = "loose"


@dataclass(frozen=True, slots=True)
class Framework:
    module: str
    bases: tuple[str, ...] = ()
    depth: int | None = None


@dataclass(frozen=True)
class Everything:
    max_size: int = option(3, "How many.")
    ratio: float = option(0.5, "How much.")
    strict: bool = option(False, "Whether.")
    from_: str = option("here", "Where from.")
    mode: Mode = option(Mode.STRICT, "In which way.")
    kind: Literal["a", "b"] = option("a", "Of which kind.")
    names: tuple[str, ...] = option(("x",), "Which names.")
    limits: Mapping[str, int] = option({}, "Limits by name.")
    frameworks: tuple[Framework, ...] = option((), "More frameworks.")
    main: Framework = option(Framework("m"), "The main framework.")
    label: str | None = option(None, "A label.")
    weight: Level = option(Level.WARNING, "A level of its own.")

    def __post_init__(self) -> None:
        if self.max_size > 100:
            raise ValueError("max-size must be at most 100")


class ManyOptions(SourceRule):
    id = "many-options"
    summary = "A rule with every kind of option."
    options = Everything
    default_level = Level.WARNING


class PlainRule(SourceRule):
    id = "plain-rule"
    summary = "A rule without options."


RULES: tuple[SourceRule, ...] = (ManyOptions(), PlainRule(), *OWN_RULES)
