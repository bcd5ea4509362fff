"""Workflow files to facts (GitHub docs, "Workflow syntax for GitHub Actions")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from guard.config.tree import Mapping, Node, Scalar, Sequence
from guard.doctor import running
from guard.doctor.facts import Event, Job, Permissions, Step, Workflow
from guard.doctor.yamltext import get, items, pairs, read_yaml, text, texts
from guard.errors import Unreadable

FOLDER = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class Around:
    """What tells which scripts start the guard: the files, the hooks, and whether it is its own."""

    read: Callable[[str], str | None]
    hooks: tuple[str, ...] = ()
    is_guard: bool = False


def parse_workflow(data: bytes, path: str, around: Around) -> Workflow:
    """The facts of one file. Raises ``Unreadable`` for what GitHub could not read either."""
    root = read_yaml(data, path)
    if not isinstance(root, Mapping):
        raise Unreadable(path, "it is no mapping: GitHub runs nothing of it")
    jobs = get(root, "jobs")
    if get(root, "on") is None or not isinstance(jobs, Mapping):
        raise Unreadable(path, "'on' or 'jobs' is missing: GitHub runs nothing of it")
    return Workflow(
        path=path,
        events=_events(get(root, "on")),
        permissions=_permissions(get(root, "permissions")),
        jobs=tuple(_job(key, node, around, _env(root)) for key, node in jobs.pairs),
    )


def with_calls(flows: tuple[Workflow, ...]) -> tuple[Workflow, ...]:
    """The workflows, where a job that calls another file of the repository runs what that runs."""
    runs = {f.path: tuple(sorted({c for job in f.jobs for c in job.runs})) for f in flows}

    def called(job: Job) -> Job:
        path = job.uses.removeprefix("./").partition("@")[0]
        return replace(job, runs=runs[path]) if job.uses and path in runs else job

    return tuple(replace(flow, jobs=tuple(map(called, flow.jobs))) for flow in flows)


def _events(node: Node | None) -> tuple[Event, ...]:
    if isinstance(node, Scalar):
        return (Event(node.text, node.line),)
    if isinstance(node, Sequence):
        return tuple(Event(text(item), item.line) for item in node.items)
    return tuple(_event(key, value) for key, value in pairs(node))


def _event(key: Scalar, value: Node) -> Event:
    filters = [get(value, name) for name in ("types", "branches", "branches-ignore")]
    types, branches, ignored = (None if f is None else texts(f) for f in filters)
    lines = [name.line for name, _ in pairs(value) if name.text in ("paths", "paths-ignore")]
    return Event(key.text, key.line, types, branches, ignored, min(lines, default=0))


def _permissions(node: Node | None) -> Permissions | None:
    if node is None:
        return None
    scopes = tuple((key.text, text(value)) for key, value in pairs(node))
    return Permissions(node.line, text(node), scopes)


def _env(node: Node) -> str:
    return "".join(f"{text(value)}\n" for _, value in pairs(get(node, "env")))


def _job(key: Scalar, node: Node, around: Around, env: str) -> Job:
    env += _env(node)
    steps = tuple(_step(item, around, env) for item in items(get(node, "steps")))
    return Job(
        id=key.text,
        line=key.line,
        name=text(get(node, "name")) or key.text,
        condition=text(get(node, "if")),
        needs=texts(get(node, "needs")),
        ignores=text(get(node, "continue-on-error")),
        permissions=_permissions(get(node, "permissions")),
        steps=steps,
        uses=text(get(node, "uses")),
        runs=tuple(sorted({command for step in steps for command in step.runs})),
    )


def _step(node: Node, around: Around, env: str) -> Step:
    given = tuple((key.text, text(value)) for key, value in pairs(get(node, "with")))
    uses, run = text(get(node, "uses")), text(get(node, "run"))
    runs = running.of_action(uses, dict(given).get("command", ""), around.is_guard)
    if uses.startswith("pre-commit/action@"):
        runs = around.hooks
    if run:
        runs = running.of_script(run, around.read, around.hooks)
    return Step(
        line=node.line,
        uses=uses,
        run=run,
        given=given,
        env=env + _env(node),
        condition=text(get(node, "if")),
        ignores=text(get(node, "continue-on-error")),
        runs=runs,
    )
