"""Build the repository of the outage: a service of 114 modules, its history, the change.

Every text is computed from the tables below, so the commits have the same ids on every machine.
`EXPECTED` is what the change breaks: 47 names in 28 modules.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FUTURE = "from __future__ import annotations\n\n"
TOPICS = (
    "heart_rate", "sleep", "steps", "glucose", "weight", "blood_pressure", "mood", "hydration",
    "calories", "oxygen", "temperature", "respiration", "posture", "stress", "cadence", "balance",
    "vision", "hearing", "recovery", "fitness",
)  # fmt: skip
ROUTES = TOPICS[:18]
WORKERS = ("nightly", "reports", "retention", "billing")

# Where the change hurts: a name that stands in an annotation, imported for the type checker alone.
BROKEN_PORTS, BROKEN_TABLES, BROKEN_MODELS = TOPICS[:6], TOPICS[:6], TOPICS[:8]
BROKEN_ROUTES, ROUTES_WITH_CONTEXT = ROUTES[:8], ROUTES[:5]


def _class(topic: str) -> str:
    return "".join(word.capitalize() for word in topic.split("_"))


def _guarded(*imports: str) -> str:
    lines = "".join(f"    {line}\n" for line in imports)
    return f"from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n{lines}\n\n"


PROJECT = '[project]\nname = "service"\nversion = "1.0"\nrequires-python = ">=3.11"\n'

WEB = '''"""A small web framework: it reads a handler's annotations to know what to pass."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    path: str
    user: str = "nobody"


class Router:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.handlers: dict[str, Callable[..., Any]] = {}

    def get(self, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            self.handlers[self.prefix + path] = handler
            return handler

        return register


class App:
    def __init__(self, *routers: Router) -> None:
        self.handlers = {path: call for router in routers for path, call in router.handlers.items()}

    def answer(self, path: str) -> Any:
        handler = self.handlers[path]
        try:
            hints = get_type_hints(handler)
        except NameError as error:
            log.warning("%s: cannot see its parameters: %s", path, error)
            return {"status": 422}
        known = {Request: Request(path)}
        hints.pop("return", None)
        return handler(**{name: known.get(kind) for name, kind in hints.items()})
'''

CONTEXT = '''"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UserContext:
    name: str
    scopes: tuple[str, ...] = ()
'''

METRIC = '''"""One measured value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HealthMetric:
    kind: str
    value: float
'''

ENGINE = '''"""Runs the models."""

from __future__ import annotations


class AsyncInferenceEngine:
    async def infer(self, values: list[float]) -> float:
        return sum(values) / max(len(values), 1)
'''


def _domain(topic: str) -> str:
    return (
        f'"""The record of {topic}."""\n\n{FUTURE}from dataclasses import dataclass\n\n\n'
        f"@dataclass(frozen=True)\nclass {_class(topic)}:\n    owner: str\n    value: float = 0.0\n"
    )


def _port(topic: str) -> str:
    kind = _class(topic)
    return (
        f'"""How {topic} is kept."""\n\n{FUTURE}from typing import Protocol\n'
        + _guarded("from datetime import datetime", f"from service.domain.{topic} import {kind}")
        + f"class {kind}Store(Protocol):\n"
        f"    def save(self, record: {kind}) -> None: ...\n\n"
        f"    def since(self, moment: datetime) -> list[{kind}]: ...\n"
    )


def _table(topic: str) -> str:
    kind = _class(topic)
    return (
        f'"""Keeps {topic} in memory."""\n\n{FUTURE}'
        + _guarded(f"from service.domain.{topic} import {kind}")
        + f"class {kind}Table:\n"
        "    def __init__(self) -> None:\n"
        f"        self.rows: list[{kind}] = []\n\n"
        f"    def save(self, record: {kind}) -> None:\n        self.rows.append(record)\n"
    )


def _processor(topic: str) -> str:
    return (
        f'"""Judges {topic}."""\n\n{FUTURE}'
        + _guarded(
            "from service.domain.metric import HealthMetric",
            "from service.ml.engine import AsyncInferenceEngine",
        )
        + f"class {_class(topic)}Processor:\n"
        "    def __init__(self, engine: AsyncInferenceEngine) -> None:\n"
        "        self.engine = engine\n\n"
        "    async def score(self, metrics: list[HealthMetric]) -> float:\n"
        "        return await self.engine.infer([metric.value for metric in metrics])\n"
    )


def _routes(topic: str) -> str:
    """The first eight hide `Request` from the framework; the others import it for real."""
    asker, real, local = "", "", ""
    guarded = ["from service.web import Request"]
    if topic in ROUTES_WITH_CONTEXT:
        guarded.insert(0, "from service.domain.context import UserContext")
        asker = ", asker: UserContext | None = None"
    if topic not in BROKEN_ROUTES:
        guarded = ["from service.domain.metric import HealthMetric"]
        real, local = "Request, ", "    seen: list[HealthMetric] = []\n"
    return (
        f'"""The routes of {topic}."""\n\n{FUTURE}from service.web import {real}Router\n'
        + _guarded(*guarded)
        + f'router = Router("/{topic}")\n\n\n@router.get("/latest")\n'
        f"def latest(request: Request{asker}) -> dict[str, str]:\n{local}"
        f'    return {{"user": request.user, "topic": "{topic}"}}\n'
    )


def _worker(name: str) -> str:
    return (
        f'"""The {name} job."""\n\n{FUTURE}'
        + _guarded("from service.domain.metric import HealthMetric")
        + 'def run(metrics: "list[HealthMetric]") -> int:\n'
        '    kept: "list[HealthMetric]" = [metric for metric in metrics if metric.value]\n'
        "    return len(kept)\n"
    )


def _main() -> str:
    groups = (
        [f"service.ports.{topic}" for topic in TOPICS]
        + [f"service.storage.{topic}" for topic in TOPICS]
        + [f"service.ml.{topic}" for topic in TOPICS]
        + [f"service.workers.{name}" for name in WORKERS]
    )
    imports = "".join(f"import {name}\n" for name in groups)
    routers = "".join(f"from service.api import {topic} as {topic}_routes\n" for topic in ROUTES)
    names = "".join(f"    {topic}_routes.router,\n" for topic in ROUTES)
    return (
        f'"""The entry point: python -m service.main"""\n\n{FUTURE}{routers}{imports}'
        f"from service.web import App\n\napp = App(\n{names})\n\n"
        'if __name__ == "__main__":\n'
        "    answers = [app.answer(path) for path in app.handlers]\n"
        '    refused = sum(answer.get("status") == 422 for answer in answers)\n'
        '    print(f"service: {len(answers)} routes answer, {refused} of them refuse")\n'
    )


def _packages() -> dict[str, str]:
    names = ("", "domain/", "ports/", "storage/", "ml/", "api/", "workers/")
    return {f"service/{name}__init__.py": "" for name in names}


def history() -> list[tuple[str, dict[str, str]]]:
    """The commits before the change: (message, the files that it adds)."""
    domain = {f"service/domain/{topic}.py": _domain(topic) for topic in TOPICS}
    domain |= {"service/domain/context.py": CONTEXT, "service/domain/metric.py": METRIC}
    models = {f"service/ml/{topic}.py": _processor(topic) for topic in TOPICS}
    return [
        ("Start the service", {"pyproject.toml": PROJECT, **_packages()}),
        ("Describe the records", domain),
        ("Say how records are kept", {f"service/ports/{t}.py": _port(t) for t in TOPICS}),
        ("Keep records in memory", {f"service/storage/{t}.py": _table(t) for t in TOPICS}),
        ("Judge what was measured", {"service/ml/engine.py": ENGINE, **models}),
        (
            "Answer requests",
            {"service/web.py": WEB}
            | {f"service/api/{topic}.py": _routes(topic) for topic in ROUTES},
        ),
        ("Run jobs at night", {f"service/workers/{n}.py": _worker(n) for n in WORKERS}),
        ("Put it together", {"service/main.py": _main()}),
    ]


def good_files() -> dict[str, str]:
    """The tree before the change."""
    return {path: text for _, files in history() for path, text in files.items()}


def _expected() -> tuple[tuple[str, str], ...]:
    ports = [(f"service/ports/{t}.py", n) for t in BROKEN_PORTS for n in (_class(t), "datetime")]
    tables = [(f"service/storage/{t}.py", _class(t)) for t in BROKEN_TABLES]
    names = ("AsyncInferenceEngine", "HealthMetric")
    models = [(f"service/ml/{t}.py", name) for t in BROKEN_MODELS for name in names]
    routes = [(f"service/api/{t}.py", "Request") for t in BROKEN_ROUTES]
    asked = [(f"service/api/{t}.py", "UserContext") for t in ROUTES_WITH_CONTEXT]
    return tuple(sorted(ports + tables + models + routes + asked))


EXPECTED = _expected()
"""(path, name): each becomes a run-time name by the change."""


def breaking_change() -> dict[str, str]:
    """Drop the future import where it hurts, and in some modules where it does no harm."""
    harmless = [f"service/api/{topic}.py" for topic in ROUTES if topic not in BROKEN_ROUTES]
    harmless += [f"service/workers/{name}.py" for name in WORKERS]
    good = good_files()
    paths = {path for path, _ in EXPECTED} | set(harmless)
    return {path: good[path].replace(FUTURE, "", 1) for path in sorted(paths)}


def right_repair() -> dict[str, str]:
    """Keep the future import; import for real the few names that the framework looks up."""
    good = good_files()
    mended = {path: good[path] for path in breaking_change()}
    for topic in BROKEN_ROUTES:
        path = f"service/api/{topic}.py"
        head, _, rest = mended[path].partition("from typing import TYPE_CHECKING\n\n")
        guarded, _, body = rest.partition("\n\n\n")
        imports = [line.strip() for line in guarded.splitlines()[1:]]
        mended[path] = head + "".join(f"{line}\n" for line in imports) + "\n\n" + body
    return mended


def one_cause() -> dict[str, str]:
    """Another change of the kind: one name, in the one module that all routes import."""
    hidden = (
        WEB.replace(FUTURE, "", 1)
        .replace("from collections.abc import Callable\n", "", 1)
        .replace(
            "from typing import Any, get_type_hints\n",
            "from typing import TYPE_CHECKING, Any, get_type_hints\n\n"
            "if TYPE_CHECKING:\n    from collections.abc import Callable\n",
            1,
        )
    )
    return {"service/web.py": hidden}


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git as nobody in particular: no user's configuration, a fixed identity and clock."""
    identity = {"NAME": "A Developer", "EMAIL": "dev@example.org", "DATE": "2025-06-01T12:00:00Z"}
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_{key}": value for key, value in identity.items()}
    command = ["git", *arguments]  # a hook's refusal is an answer, not an error: no check=True
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False
    )


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write `files` below `folder` and stage them."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    git(folder, "add", "--", *files)


def build(folder: Path) -> None:
    """Make the repository in `folder`, at the last commit before the change."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    for message, files in history():
        write(folder, files)
        made = git(folder, "commit", "--quiet", "--no-verify", "-m", message)
        if made.returncode:
            raise RuntimeError(made.stderr)
