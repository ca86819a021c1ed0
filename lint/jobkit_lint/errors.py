"""What stops the linter, or a part of it. A finding in the user's code is not an error: see `diagnostic`."""

from __future__ import annotations


class LintError(Exception):
    """The root. The command prints the message and ends with status 2."""


class UsageError(LintError):
    """Wrong use of the command line: an unknown code, a path that is not there."""


class ConfigError(LintError):
    """A setting that cannot be: the message names the file, the key, and what would be right."""


class RuleDefinitionError(LintError):
    """A rule that does not keep the form of `jobkit_lint.rules.base`: raised when its class is made."""
