"""JSON lines: a finding a line, then ``{"unjudged": ...}`` lines, then a ``{"report": ...}`` line.

The last line tells a run without findings from a run that died.
"""

from __future__ import annotations

import json

from guard.model import Report
from guard.reporters import _plain
from guard.reporters._escape import json_in_log
from guard.reporters.context import ReportContext


def render(report: Report, context: ReportContext) -> str:
    """The lines, in ASCII. Only a finding has ``rule`` and ``name`` at the outer level."""
    lines: list[object] = [_plain.finding(found, context) for found in report.findings]
    lines += [{"unjudged": item} for item in _plain.unjudged_files(report, context)]
    lines.append({"report": _plain.head(report, context)})
    return "".join(json_in_log(json.dumps(line)) + "\n" for line in lines)
