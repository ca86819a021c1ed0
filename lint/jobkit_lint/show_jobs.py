"""``--show-jobs``: what was recognised and why, and the enqueue-like calls that stayed unresolved."""

from __future__ import annotations

import msgspec

from jobkit_lint.index.program import Program


def show_jobs_text(program: Program) -> str:
    """The index for people."""
    lines: list[str] = []
    jobs = program.jobs.all()
    lines.append(f"{len(jobs)} job definitions")
    for job in jobs:
        lines.append(f"  {job.module.shown}:{job.line}: {job.name} [{job.framework.name}] {job.reason}")
    sites = sorted(program.sites.found, key=lambda site: (site.module.shown, site.at))
    lines += ["", f"{len(sites)} enqueue sites"]
    for site in sites:
        where = f"{site.module.shown}:{site.at.line}"
        lines.append(f"  {where}: {site.job.name} by {site.form} [{site.framework.name}]")
    unresolved = sorted(program.sites.unresolved, key=lambda one: (one.module.shown, one.at))
    lines += ["", f"{len(unresolved)} calls that look like enqueueing and stayed unresolved"]
    lines += [f"  {one.module.shown}:{one.at.line}: {one.text}: {one.reason}" for one in unresolved]
    return "\n".join(lines) + "\n"


def show_jobs_json(program: Program) -> str:
    """The index as one JSON object. Its shape is stable."""
    sites = sorted(program.sites.found, key=lambda site: (site.module.shown, site.at))
    unresolved = sorted(program.sites.unresolved, key=lambda one: (one.module.shown, one.at))
    content = {
        "definitions": [
            {
                "name": job.name,
                "framework": job.framework.name,
                "path": job.module.shown,
                "line": job.line,
                "reason": job.reason,
            }
            for job in program.jobs.all()
        ],
        "sites": [
            {
                "job": site.job.name,
                "framework": site.framework.name,
                "form": site.form,
                "path": site.module.shown,
                "line": site.at.line,
            }
            for site in sites
        ],
        "unresolved": [
            {"path": one.module.shown, "line": one.at.line, "text": one.text, "reason": one.reason}
            for one in unresolved
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
