"""One self-contained HTML page of checks: the grid gap × kind and the story. No network, no script, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1f23; --soft: #5b636d; --paper: #fff; --line: #d9dee4;
  --good: #1a7f37; --bad: #c2212e; --wait: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa4af; --paper: #14171b; --line: #313840;
  --good: #4cc26a; --bad: #ff7b80; --wait: #e0b04a; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .75rem 0; padding: .5rem 1rem; }
summary { cursor: pointer; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
td.bad { font-weight: bold; outline: 2px solid currentColor; outline-offset: -2px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .75rem 0; }
th, td { border: 1px solid var(--line); padding: .15rem .6rem; text-align: left; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.4 ui-monospace, monospace; }
"""
_TONES = {"safe": "good", "merged": "good", "failed": "bad", "not tried": "wait", "not reached": "wait"}


def render(checks: Iterable[Mapping[str, Any]]) -> str:
    """The page, from what `plain` made of each check."""
    body = "\n".join(_check(check) for check in checks) or "<p>No check of retry safety in this run.</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Retry safety</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Retry safety</h1>\n{body}\n"
        "</body>\n</html>\n"
    )


def _check(check: Mapping[str, Any]) -> str:
    tone = "good" if check["safe"] else "bad"
    return (
        f"<details{'' if check['safe'] else ' open'}>\n"
        f'<summary><b class="{tone}">{escape(check["verdict"])}</b> <code>{escape(check["job"])}</code> '
        f'<span class="soft">{escape(check["test"])}</span></summary>\n'
        f'<div class="scroll">{"".join(_grid(check))}</div>\n<pre>{escape(check["text"])}</pre>\n</details>'
    )


def _grid(check: Mapping[str, Any]) -> Iterator[str]:
    """Gaps as rows, kinds as columns: the safest way to see that only one column is red."""
    cells = check["coverage"]
    if not cells:
        return
    columns = list(dict.fromkeys((cell["kind"], cell["delay"]) for cell in cells))
    tried = {(cell["gap"], cell["kind"], cell["delay"]): cell["tried"] for cell in cells}
    yield "<table><thead><tr><th>gap</th><th>effect</th>"
    for kind, delay in columns:
        yield f"<th>{escape(kind)}{f' +{delay // 3600} h' if delay else ''}</th>"
    yield "</tr></thead>\n<tbody>\n"
    for gap in sorted({cell["gap"] for cell in cells}):
        place = check["places"][gap] if gap < len(check["places"]) else "the end"
        yield f"<tr><td>{gap}</td><td><code>{escape(place)}</code></td>"
        for kind, delay in columns:
            word = tried.get((gap, kind, delay), "")
            yield f'<td class="{_TONES.get(word, "soft")}">{escape(word)}</td>'
        yield "</tr>\n"
    yield "</tbody></table>"
