"""Whatever was observed: each module that failed is the victim of exactly one finding."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.engine import ConfiguredRule
from guard.model import Level, Verdict
from guard.observed import (
    Effect,
    EffectKind,
    Failure,
    Frame,
    ModuleRun,
    Optionality,
    Outcome,
    Requirement,
    SmokeRun,
)
from guard.reporters import FORMATS, reporter
from guard.reporters.context import ReportContext
from guard.smoke_engine import run_smoke
from guard.testing import FakeProject
from guard_rules.import_failure import RULE

from .kit import HERE

FILES = {
    "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import X\n"
    "def f(x: X): ...\n",
    "p/__init__.py": "from p.b import X\nimport a\n",
    "p/b.py": "from a import f\nimport yaml, p.c\n\n\nclass X(f): ...\n",
    "p/c.py": "def g(:\n",
    "d.py": "\udcff",
}
PROJECT = FakeProject(FILES)
MODULES = ("a", "p", "p.b", "p.c", "d", "gone")
NAMES = ("X", "f", "yaml", "p.c", "p", "a", "os", "tomllib", "", "\x1b[2J\n", "p.b.X", ".", "b..c")
KINDS = (
    "NameError", "ImportError", "ModuleNotFoundError", "AttributeError", "SyntaxError", "KeyError",
    "SystemExit", "OSError", "lib.Odd", "", "UnboundLocalError", "TabError",
)  # fmt: skip

names = st.sampled_from(NAMES)
texts = st.sampled_from(
    [
        "",
        "name '{0}' is not defined",
        "No module named '{0}'",
        "cannot import name '{0}' from '{1}' (/x/y.py)",
        "cannot import name '{0}' from partially initialized module '{1}'",
        "module '{1}' has no attribute '{0}'",
        "partially initialized module '{1}' has no attribute '{0}'",
        "set the environment variable FOO_BAR",
        "'{0}'",
    ]
)
messages = st.builds(lambda text, one, two: text.format(one, two), texts, names, names)
frames = st.builds(
    lambda path, line, text: Frame(path, line, "<module>", text, path in FILES),
    st.sampled_from([*FILES, "/lib/site-packages/x/y.py", "<string>", "<frozen os>", "q.py"]),
    st.integers(-1, 9),
    names,
)
plain = st.builds(
    Failure,
    type=st.sampled_from(KINDS),
    message=messages,
    frames=st.lists(frames, max_size=5).map(tuple),
    name=names,
    module=names,
    partial=st.booleans(),
    file=st.sampled_from(["", "p/c.py", "/lib/site-packages/x.py", "q.py"]),
    line=st.integers(-1, 9),
    raised_from=st.booleans(),
)
failures = st.recursive(
    plain,
    lambda inner: st.builds(
        lambda outer, cause: Failure(
            outer.type, outer.message, outer.frames, cause=cause, raised_from=outer.raised_from
        ),
        plain,
        inner,
    ),
    max_leaves=3,
)
optional = st.one_of(
    st.none(), st.builds(Optionality, names, st.sampled_from(["", "ImportError", "Odd"]), names)
)
effects = st.builds(Effect, st.sampled_from(EffectKind), names, frames, st.booleans())


@st.composite
def runs(draw: st.DrawFn) -> SmokeRun:
    modules = []
    for name in draw(st.lists(st.sampled_from(MODULES), unique=True)):
        outcome = draw(st.sampled_from(Outcome))
        raised = outcome is Outcome.RAISED or draw(st.booleans())
        modules.append(
            ModuleRun(
                name,
                PROJECT.modules.find(name) or "gone.py",
                outcome,
                failure=draw(failures) if raised else None,
                status=draw(st.sampled_from(["", "exit code 1", "signal SIGSEGV", "\x1b"])),
                loading=tuple(draw(st.lists(st.sampled_from(MODULES), max_size=3))),
                effects=tuple(draw(st.lists(effects, max_size=2))),
                output=draw(names),
                optional=draw(optional),
            )
        )
    return SmokeRun(
        "fake",
        HERE,
        tuple(modules),
        requirements=draw(
            st.sampled_from([(), (Requirement("pyyaml", "x"),), (Requirement("other"),)])
        ),
        distributions=draw(st.sampled_from([(), (("yaml", "PyYAML"),)])),
        requires_python=draw(st.sampled_from(["", ">=3.99", "odd"])),
    )


@settings(max_examples=200, deadline=None)
@given(runs())
def test_no_failure_is_lost_or_told_twice(run: SmokeRun) -> None:
    found = list(RULE.check(run, PROJECT, RULE.options()))
    victims = [name for finding in found for name in finding.victims]
    failed = [
        module.module
        for module in run.modules
        if module.outcome not in (Outcome.OK, Outcome.LOST) and not module.failed_as_declared
    ]
    assert sorted(victims) == sorted(failed)
    for finding in found:
        assert finding.message.strip()
        assert finding.fix.strip()
        assert finding.name
        assert finding.place.line >= 1
        assert finding.place.column >= 1


@settings(max_examples=50, deadline=None)
@given(runs())
def test_every_format_can_tell_it_and_nothing_unknown_passes(run: SmokeRun) -> None:
    report = run_smoke(run, PROJECT, [ConfiguredRule(RULE, Level.ERROR, RULE.options())])
    unknown = not run.modules or any(item.outcome is Outcome.LOST for item in run.modules)
    failed = bool(report.findings)
    expected = Verdict.FAIL if failed else Verdict.UNVERIFIED if unknown else Verdict.PASS
    assert report.verdict is expected
    for name in FORMATS:
        assert "\x1b" not in reporter(name)(report, ReportContext())
