"""Whatever a file holds: a configuration comes of it, or a ConfigError that begins with the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from jobkit import ConfigError, QueueConfig, Schedule

KEYS = ["queues", ":queues", "concurrency", "timeout", "capsules", "production", "scheduler", "schedule", "concurency"]
ENTRY_KEYS = ["cron", "every", "in", "at", "class", "job", "args", "status", "schedule", "rails_env", "queue", "name"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 100),
    st.floats(),
    st.sampled_from(["", "default", "low,2", "0 6 * * *", "every 3 hours", "15m", "Job", "enabled"]),
    st.text(max_size=5),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS + ENTRY_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


def complaint(load: Callable[[], object]) -> list[str]:
    """The lines of the ConfigError that `load` raises, none if it gives something."""
    try:
        load()
    except ConfigError as error:
        return str(error).splitlines()
    return []


@given(st.dictionaries(st.sampled_from(KEYS), values))
def test_any_mapping_is_a_configuration_or_a_config_error(mapping: dict[str, object]) -> None:
    lines = complaint(lambda: QueueConfig.from_mapping(mapping, "production"))

    assert all(line.startswith("queue configuration: ") for line in lines)
    if not lines:
        assert QueueConfig.from_mapping(mapping, "production").queues


@given(data=values)
def test_any_yaml_data_is_read_or_a_config_error(folder: Path, data: object) -> None:
    path = folder / "any.yml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")

    lines = complaint(lambda: QueueConfig.load(path, "production"))
    lines += complaint(lambda: Schedule.load(path, "production"))
    assert all(line.startswith(str(path)) for line in lines)


@given(
    text=st.text(alphabet="ab:-[]{}&*<>%!?#|\"', \n\t\x00\x07\u2028=.1", max_size=40),
    kind=st.sampled_from(["yml", "toml"]),
)
@example(text="\x00", kind="yml")
@example(text="a: &a\n  <<: *a\n", kind="yml")
@example(text="[[a]]\n[a.b]\n[a]\n", kind="toml")
def test_any_text_is_read_or_a_config_error(folder: Path, text: str, kind: str) -> None:
    path = folder / f"any.{kind}"
    path.write_bytes(text.encode())

    lines = complaint(lambda: QueueConfig.load(path, "production"))
    lines += complaint(lambda: Schedule.load(path, "production"))
    assert all(line.startswith(str(path)) for line in lines)
