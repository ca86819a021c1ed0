"""The ``jobkit`` command: a table from verb to module, of which only the one asked for is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib import metadata

# verb -> (module with ``main(argv) -> int``, extra that brings what it needs, one line of help)
VERBS = {
    "lint": ("jobkit_lint.cli", "lint", "find jobs that would not survive a retry, a crash or a duplicate"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb named first in `argv` (default: the command line) and return its exit status.

    Exit status 2 means wrong use or a missing extra, as in every verb.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(usage())
        return 0 if arguments else 2
    verb, *rest = arguments
    if verb in {"-V", "--version"}:
        print(f"jobkit {metadata.version('jobkit')}")
        return 0
    if verb not in VERBS:
        print(f"jobkit: there is no verb {verb!r}.\n\n{usage()}", file=sys.stderr)
        return 2
    module_name, extra, _ = VERBS[verb]
    try:
        run: Callable[[Sequence[str]], int] = importlib.import_module(module_name).main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in {"jobkit", "jobkit_lint"}:
            raise
        print(
            f"jobkit {verb}: the module {error.name!r} is missing. From a checkout of jobkit, "
            f"install it with: pip install '.[{extra}]'",
            file=sys.stderr,
        )
        return 2
    return run(rest)


def usage() -> str:
    """The text of ``jobkit --help``."""
    verbs = "\n".join(f"  {verb:<8} {help_}" for verb, (_, _, help_) in VERBS.items())
    return f"usage: jobkit VERB ...\n\n{verbs}\n\n'jobkit VERB --help' tells more."


if __name__ == "__main__":
    sys.exit(main())
