"""One JSON object with findings, errors and a summary. Its shape is stable."""

from __future__ import annotations

import msgspec

from jobkit_lint.diagnostic import Severity
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome


def render(outcome: Outcome, rendering: Rendering) -> str:
    """The whole outcome as indented JSON."""
    severities = {
        severity.value: sum(finding.severity == severity for finding in outcome.findings) for severity in Severity
    }
    content = {
        "findings": outcome.findings,
        "errors": outcome.problems,
        "summary": {
            "findings": len(outcome.findings),
            **severities,
            "fixable": sum(finding.fix is not None for finding in outcome.findings),
            "suppressed": outcome.suppressed,
            "likely_hidden": outcome.likely_hidden,
            "files": len(outcome.program.files),
            "files_with_jobs": len(outcome.program.selected),
            "jobs": outcome.program.job_count,
            "sites": outcome.program.site_count,
            "seconds": round(outcome.seconds, 3),
        },
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
