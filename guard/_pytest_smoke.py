"""The modules of a project as items of pytest."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from guard.cli._smoke import Session, open_session
from guard.cli._smoke_request import HowToRun, SmokeRequest
from guard.cli._smoke_run import Ground, Work, carry_out, prepare
from guard.cli._surroundings import Surroundings
from guard.errors import GuardError
from guard.model import Report, Verdict
from guard.observed import ModuleRun, SmokeRun
from guard.reporters import text
from guard.reporters.context import ReportContext
from guard.smoke.modules import Chosen

NAME = "guard-smoke"


class SmokePlugin:
    """Adds an item for each module, and imports them.

    In a run of one process all of them are imported before the first item is due, so that they
    share what they can. A worker of pytest-xdist does not know what it will get, and imports each
    module when its turn comes.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ahead: dict[str, SmokeRun] = {}

    @cached_property
    def _session(self) -> Session:
        python = self._config.getoption("guard_smoke_python") or sys.executable
        request = SmokeRequest(entries=False, how=HowToRun(python=python))
        before = Path.cwd()
        os.chdir(self._config.rootpath)
        try:
            return open_session(request, Surroundings())
        finally:
            os.chdir(before)

    @cached_property
    def _work(self) -> Work:
        return self._session.work()

    @cached_property
    def _ground(self) -> Ground:
        return prepare(self._work, self._session.around.environ)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Before -k, -m and all others that choose among the items."""
        try:
            work = self._work
            if not work.modules:
                raise pytest.UsageError("--guard-smoke: the project has no module to import")
            self._ground  # noqa: B018 - a wrong interpreter is told before anything runs
        except GuardError as error:
            raise pytest.UsageError(f"--guard-smoke: {error}") from error
        for chosen in work.modules:
            path = Path(work.top, *chosen.path.split("/"))
            file = SmokeFile.from_parent(session, path=path)
            items.append(SmokeItem.from_parent(file, name=NAME, chosen=chosen, plugin=self))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Import everything that was chosen, if it will be run here."""
        mine = [item for item in session.items if isinstance(item, SmokeItem)]
        distributed = hasattr(self._config, "workerinput") or _is_controller(self._config)
        if distributed or session.config.option.collectonly or session.testsfailed or not mine:
            return
        run = self._run([item.chosen for item in mine])
        self._ahead = {module.module: replace(run, modules=(module,)) for module in run.modules}

    def run(self, chosen: Chosen) -> SmokeRun:
        """What became of one module. Asked again, as for a rerun, it is imported again."""
        return self._ahead.pop(chosen.module, None) or self._run([chosen])

    def _run(self, chosen: Sequence[Chosen]) -> SmokeRun:
        work = replace(self._work, modules=tuple(chosen), excluded=())
        return carry_out(work, self._ground, self._work.top, None)

    def judge(self, run: SmokeRun) -> Report:
        """The verdict of the rules."""
        return self._session.judge(run)

    def words(self, report: Report) -> str:
        """The findings, and what could not be judged, as ``guard smoke`` prints them."""
        project = self._session.project
        return text.render(report, ReportContext(source=project.read_file, quiet=True)).rstrip()


def _is_controller(config: pytest.Config) -> bool:
    return config.pluginmanager.hasplugin("dsession")


class SmokeFile(pytest.File):
    """The file of a module."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


class SmokeItem(pytest.Item):
    """One module."""

    def __init__(self, *, chosen: Chosen, plugin: SmokePlugin, **more: Any) -> None:
        super().__init__(**more)
        self.chosen = chosen
        self._plugin = plugin
        self._seconds = 0.0
        self.add_marker("guard_smoke")

    def runtest(self) -> None:
        run = self._plugin.run(self.chosen)
        (module,) = run.modules
        self._seconds = module.seconds
        report = self._plugin.judge(run)
        words = self._plugin.words(report)
        if report.verdict not in (Verdict.PASS, Verdict.SKIPPED):
            raise ImportFailed(words or f"{report.verdict.value}: nothing was judged")
        if words:
            self.add_report_section("call", NAME, words)
        if module.failed_as_declared:
            pytest.skip(_why(module))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ImportFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"import {self.chosen.module}"


class ImportFailed(Exception):
    """What the rules say of a module, ready to print."""


def _why(module: ModuleRun) -> str:
    return f"failed as declared: {module.optional.reason if module.optional else ''}"
