"""One JSON document, versioned; the contract is ``report.schema.json`` beside this file."""

from __future__ import annotations

import json

from guard.model import Report
from guard.reporters import _plain
from guard.reporters._escape import json_in_log
from guard.reporters.context import ReportContext


def render(report: Report, context: ReportContext) -> str:
    """The document, in ASCII: bytes of a path that are not UTF-8 are lone surrogates (PEP 383)."""
    document = {
        **_plain.head(report, context),
        "findings": [_plain.finding(found, context) for found in report.findings],
        "unjudged": _plain.unjudged_files(report, context),
    }
    return json_in_log(json.dumps(document, indent=2)) + "\n"
