"""The JSON schema of ``[tool.jobkit.lint]``, made from the settings: editors complete and check with it."""

from __future__ import annotations

from typing import Any

import msgspec

from jobkit_lint.config import FAIL_LEVELS
from jobkit_lint.settings import Settings

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema() -> dict[str, Any]:
    """The schema of the table. Unknown keys are refused, as the linter does."""
    _, definitions = msgspec.json.schema_components([Settings], ref_template="#/$defs/{name}")
    table: dict[str, Any] = definitions.pop("Settings")
    table["properties"]["fail-on"]["enum"] = list(FAIL_LEVELS)
    table["properties"]["call-depth"] |= {"minimum": 0, "maximum": 3}
    return {"$schema": DRAFT, **table, "title": "tool.jobkit.lint", "$defs": definitions}
