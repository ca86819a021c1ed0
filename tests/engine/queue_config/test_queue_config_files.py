"""`QueueConfig.load`: YAML and TOML, and errors that name file, line and key (spec E.2)."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from jobkit import ConfigError, QueueConfig
from jobkit.configuration_file import ConfigurationFile
from jobkit.fetch_order import QueueEntry

SIDEKIQ_YML = """\
---
:verbose: false
:concurrency: 10
:timeout: 30
:max_retries: 7
:queues:
  - critical
  - [default, 2]
  - "low,1"
  - mailers: 4
:dead_max_jobs: 500
:capsules:
  :single:
    :concurrency: 1
    :queues: [import]
staging:
  :concurrency: 15
production: &prod
  :concurrency: 20
canary:
  <<: *prod
  :timeout: 8
"""

QUEUES_TOML = """\
concurrency = 10
timeout = 30
queues = [
  "critical,3",
  ["default", 2],
  { low = 1 },
]

[capsules.single]
concurrency = 1
queues = ["import"]

[production]
concurrency = 20
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


def message_of(path: Path, environment: str | None = None) -> str:
    with pytest.raises(ConfigError) as raised:
        QueueConfig.load(path, environment)
    return str(raised.value).replace(str(path.parent), "config")


def test_a_sidekiq_yml_is_read_as_sidekiq_reads_it(tmp_path: Path) -> None:
    config = QueueConfig.load(written(tmp_path, "sidekiq.yml", SIDEKIQ_YML))

    assert (config.concurrency, config.timeout, config.max_retries, config.dead_max_jobs) == (10, 30.0, 7, 500)
    assert [(entry.name, entry.weight) for entry in config.queues] == [
        ("critical", 0),
        ("default", 2),
        ("low", 1),
        ("mailers", 4),
    ]
    assert config.capsules[0].queues == (QueueEntry("import"),)


def test_the_section_of_an_environment_overrides_and_may_merge_another(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", SIDEKIQ_YML)

    assert QueueConfig.load(path, "staging").concurrency == 15
    canary = QueueConfig.load(path, environment="canary")
    assert (canary.concurrency, canary.timeout, canary.max_retries) == (20, 8.0, 7)


def test_toml_has_the_same_keys(tmp_path: Path) -> None:
    path = written(tmp_path, "queues.toml", QUEUES_TOML)

    config = QueueConfig.load(str(path))

    assert [(entry.name, entry.weight) for entry in config.queues] == [("critical", 3), ("default", 2), ("low", 1)]
    assert (config.concurrency, QueueConfig.load(path, "production").concurrency) == (10, 20)
    assert config.capsules[0].concurrency == 1


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n"])
def test_an_empty_yaml_file_gives_the_defaults(tmp_path: Path, text: str) -> None:
    assert QueueConfig.load(written(tmp_path, "sidekiq.yml", text)) == QueueConfig()


def test_a_typo_in_yaml_is_told_with_file_line_and_nearest_key(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", ":queues:\n  - default\n\n:concurency: 10\n")

    assert message_of(path) == 'config/sidekiq.yml:4: concurency: there is no such key; did you mean "concurrency"?'


def test_a_bad_item_of_a_list_is_told_with_its_own_line(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", "queues:\n  - critical\n  - [low, lots]\n")

    assert message_of(path) == (
        'config/sidekiq.yml:3: queues[1]: the weight of queue "low" must be a whole number from 1, '
        'this is the text "lots"'
    )


def test_a_bad_value_in_the_section_of_the_environment_is_told_there(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", "concurrency: 5\nproduction:\n  timeout: 8\n  concurrency: many\n")

    assert message_of(path, "production").startswith("config/sidekiq.yml:4: production.concurrency: a whole number")


def test_toml_errors_have_lines_as_well(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "queues.toml",
        """\
        # queues
        concurrency = 5
        queues = [
          "a",
          "b,many",
        ]

        [capsules.single]
        concurency = 1
        """,
    )

    first, second = message_of(path).splitlines()

    # A value of several lines is named by the line where it begins: more is not known of it.
    assert first.startswith('config/queues.toml:3: queues[1]: the weight of queue "b"')
    assert second.startswith(
        'config/queues.toml:9: capsules.single.concurency: there is no such key; did you mean "con'
    )


def test_an_erb_template_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", 'queues: [a]\nconcurrency: <%= ENV["THREADS"] || 5 %>\n')

    assert message_of(path).startswith("config/sidekiq.yml:2: this is an ERB template (<% ... %>), and jobkit runs no")


def test_erb_in_a_comment_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml.erb", "# <%= old %>\nconcurrency: 4 # <%= older %>\n")

    assert QueueConfig.load(path).concurrency == 4


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", "concurrency: 4\nqueues: [a]\n:concurrency: 5\n")

    assert message_of(path) == (
        'config/sidekiq.yml:3: the key ":concurrency" is already there on line 1; keep one of them'
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("queues.yml", "queues: [a\nconcurrency: 5\n", r"config/queues\.yml:2: this is not YAML that can be read: "),
        ("queues.yml", "queues:\n  - *all\n", r"config/queues\.yml:2: .* must be in quotes"),
        ("queues.yml", "a: &a [*a]\n", r"config/queues\.yml:1: an alias stands inside of what it names"),
        ("queues.yml", "queues: !ruby/regexp /a/\n", r"config/queues\.yml:1: .*ruby/regexp"),
        ("queues.yml", "timeout: 2026-13-01\n", r"config/queues\.yml:1: '2026-13-01' cannot be read: .*quotes"),
        ("queues.yml", "? [a, b]\n: 1\n", r"config/queues\.yml:1: a key must be text"),
        ("queues.yml", "- a\n- b\n", r"config/queues\.yml:1: a mapping with keys such as queues is wanted"),
        ("queues.yml", "a: 1\n---\nb: 2\n", r"config/queues\.yml:2: this is not YAML that can be read: "),
        ("queues.toml", "queues = [\nconcurrency = 5\n", r"config/queues\.toml:2: this is not TOML: "),
        ("queues.toml", "queues = [1,", r"config/queues\.toml:1: this is not TOML: "),
        ("queues.json", "{}", r"config/queues\.json: a \.yml, \.yaml or \.toml file is wanted"),
        ("queues", "{}", r"config/queues: a \.yml, \.yaml or \.toml file is wanted"),
    ],
)
def test_a_file_that_is_not_well_formed_is_told_with_its_line(tmp_path: Path, name: str, text: str, told: str) -> None:
    assert re.match(told, message_of(written(tmp_path, name, text)), re.DOTALL)


def test_a_mapping_that_merges_itself_gains_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", "production: &me\n  <<: *me\n  concurrency: 3\n")

    assert QueueConfig.load(path, "production").concurrency == 3


def test_aliases_upon_aliases_cost_nothing(tmp_path: Path) -> None:
    doubled = ["verbose: &a0 [x, x]"] + [f"l{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    path = written(tmp_path, "sidekiq.yml", "\n".join(doubled) + "\n")

    assert message_of(path).startswith("config/sidekiq.yml:2: l1: there is no such key")


def test_a_missing_file_is_told_with_its_sibling(tmp_path: Path) -> None:
    written(tmp_path, "sidekiq.yaml", "")

    assert (
        message_of(tmp_path / "sidekiq.yml") == "config/sidekiq.yml: there is no such file, but sidekiq.yaml is there"
    )
    assert "there is no such file; give a path" in message_of(tmp_path / "queues.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sidekiq.yml"
    path.write_bytes(b"\xff\xfe\xff")

    assert "cannot be read as UTF-8 text" in message_of(path)


def test_without_pyyaml_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "sidekiq.yml", "concurrency: 4\n")
    monkeypatch.delitem(sys.modules, "jobkit.yaml_tree", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)

    assert "from a checkout of jobkit: pip install '.[yaml]', or write the file in TOML" in message_of(path)


def test_an_unquoted_ruby_symbol_is_its_text_and_a_quoted_one_stays(tmp_path: Path) -> None:
    path = written(tmp_path, "sidekiq.yml", "queues:\n  - :low\n  - ':odd'\n")

    assert [entry.name for entry in QueueConfig.load(path).queues] == ["low", ":odd"]


def test_the_line_of_a_key_that_is_not_there_is_that_of_its_nearest_parent(tmp_path: Path) -> None:
    text = "a:\n  - x\n  - b: 1\n    c: 2\n"
    yaml = ConfigurationFile.read(written(tmp_path, "one.yml", text))
    toml = ConfigurationFile.read(written(tmp_path, "one.toml", "x = 1\n\n[a]\nb.c = 2\n"))

    assert [yaml.line_of(path) for path in [("a", 1, "c"), ("a", 1, "d"), ("a", 9), ("a", "z"), ("q",)]] == [
        4,
        3,
        1,
        1,
        1,
    ]
    assert [toml.line_of(path) for path in [("a", "b", "c"), ("a", "z"), ("x",), ("q",)]] == [4, 3, 1, None]
