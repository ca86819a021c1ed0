"""``make demo``: the linter, the tests and a failing test of the example shop, one after the other.

Each step says beforehand what to expect and is checked afterwards: the demonstration itself fails where the linter
finds nothing, where the shop's tests fail, or where the test that fails on purpose passes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SHOP = Path(__file__).resolve().parent.parent / "docs" / "examples" / "shop"
PROGRAMS = Path(sys.executable).parent
FAILING_TEST = "demo/test_failure_on_purpose.py"
# In the order of the files, leaving no cache behind, and the same whatever else 'make test' has installed.
PYTEST_OPTIONS = "-p no:randomly -p no:cacheprovider -p no:asyncio"


def announce(number: int, title: str, expectation: str) -> None:
    """Print the head of a step: what runs, and what the reader will see."""
    width = min(shutil.get_terminal_size().columns, 100)
    print(f"\n{'=' * width}\n{number}. {title}\n   {expectation}\n{'=' * width}\n", flush=True)


def run(program: str, *arguments: str) -> int:
    """Run an installed program in the shop's folder, its command line shown first; the exit status."""
    print(f"docs/examples/shop$ {program} {' '.join(arguments)}\n", flush=True)
    environment = os.environ | {"PYTEST_ADDOPTS": PYTEST_OPTIONS}
    return subprocess.run([PROGRAMS / program, *arguments], cwd=SHOP, env=environment, check=False).returncode


def findings(folder: str) -> list[object]:
    """What the linter reports in a folder of the shop; a linter that breaks down reports nothing."""
    command = [PROGRAMS / "jobkit", "lint", folder, "--format", "json"]
    output = subprocess.run(command, cwd=SHOP, check=False, capture_output=True, text=True).stdout
    return list(json.loads(output)["findings"]) if output else []


def disappointments() -> Sequence[str]:
    """Run the steps; what went otherwise than announced, in words."""
    found = []

    announce(
        1,
        "The linter reads the bad twins of the shop's jobs",
        "Expect findings, each with the line and what to do instead.",
    )
    run("jobkit", "lint", "bad")
    if not findings("bad"):
        found.append("the linter should find something in bad/, and reports nothing")

    announce(2, "The linter reads the shop's own jobs", "Expect no findings.")
    if (status := run("jobkit", "lint", "jobs")) != 0:
        found.append(f"the linter should find nothing in jobs/ (exit status 0), its exit status was {status}")

    announce(3, "The tests of the shop's jobs", "Expect them all to pass: retries, delays, queues, no waiting.")
    if (status := run("pytest", "tests")) != 0:
        found.append(f"the shop's tests should pass (exit status 0), pytest's exit status was {status}")

    announce(
        4,
        "A job test that FAILS ON PURPOSE",
        "Expect one failure: it shows the timeline of the jobs that the test ran.",
    )
    if (status := run("pytest", FAILING_TEST)) != 1:
        found.append(f"{FAILING_TEST} should fail (exit status 1), pytest's exit status was {status}")
    else:
        print("\nThis test fails on purpose: so you have seen what a failing job test tells.")
    return found


def main() -> int:
    """Exit status 0 when every step went as announced, 1 otherwise."""
    found = disappointments()
    if found:
        print("\nThe demonstration did not go as announced:", *found, sep="\n  - ", file=sys.stderr)
        return 1
    print("\nAll four steps went as announced. Read on in README.md, or change a job in docs/examples/shop/jobs.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
