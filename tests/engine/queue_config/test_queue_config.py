"""`QueueConfig` from code and from mappings (spec E.2: the keys of sidekiq.yml that matter)."""

from __future__ import annotations

import dataclasses

import pytest

from jobkit import ConfigError, QueueConfig
from jobkit.fetch_order import QueueEntry
from jobkit.queue_config import Capsule


def test_the_defaults_are_sidekiqs() -> None:
    config = QueueConfig()

    assert config.queues == (QueueEntry("default"),)
    assert (config.concurrency, config.timeout, config.max_retries) == (5, 25.0, 25)
    assert (config.dead_max_jobs, config.dead_timeout_in_seconds) == (10_000, 180 * 24 * 60 * 60)
    assert config.capsules == ()


@pytest.mark.parametrize(
    ("given", "weight"),
    [
        ("critical", 0),
        ("critical,3", 3),
        ("critical, 3", 3),
        (("critical", 3), 3),
        (["critical"], 0),
        ({"critical": 3}, 3),
    ],
)
def test_a_queue_is_written_as_name_or_with_its_weight(given: object, weight: int) -> None:
    config = QueueConfig.from_mapping({"queues": [given]})

    assert config.queues == (QueueEntry("critical", weight),)


def test_queues_may_be_one_mapping_or_one_name() -> None:
    assert QueueConfig.from_mapping({"queues": {"a": 2, "b": 1}}).queues == (QueueEntry("a", 2), QueueEntry("b", 1))
    assert QueueConfig.from_mapping({"queues": "mail"}).queues == (QueueEntry("mail"),)


def test_code_takes_the_same_shapes() -> None:
    config = QueueConfig(["critical,3", ("default", 2), QueueEntry("low", 1)], concurrency=10)

    assert [(entry.name, entry.weight) for entry in config.queues] == [("critical", 3), ("default", 2), ("low", 1)]
    assert config.concurrency == 10


def test_a_configuration_is_a_value() -> None:
    config = QueueConfig(["a"], max_retries=3)

    assert config == QueueConfig(["a"], max_retries=3)
    assert hash(config) == hash(QueueConfig(["a"], max_retries=3))
    assert dataclasses.replace(config, max_retries=0).max_retries == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.concurrency = 1  # type: ignore[misc]  # the assignment is what fails


def test_rubys_leading_colon_may_stand_before_any_key() -> None:
    config = QueueConfig.from_mapping({":concurrency": 3, ":capsules": {":mail": {":queues": ["mail"]}}})

    assert config.concurrency == 3
    assert config.capsules == (Capsule("mail", (QueueEntry("mail"),), concurrency=3),)


def test_a_capsule_has_queues_and_concurrency_of_its_own() -> None:
    config = QueueConfig(capsules={"single": {"queues": ["one,2"], "concurrency": 1}})

    assert config.capsules == (Capsule("single", (QueueEntry("one", 2),), concurrency=1),)
    assert dataclasses.replace(config, timeout=1).capsules == config.capsules


def test_the_section_of_the_environment_replaces_keys_of_the_top() -> None:
    mapping = {
        "queues": ["default", "low"],
        "concurrency": 5,
        "production": {"concurrency": 20},
        "staging": {"queues": ["staging"]},
    }

    assert QueueConfig.from_mapping(mapping).concurrency == 5
    assert QueueConfig.from_mapping(mapping, "production").concurrency == 20
    assert QueueConfig.from_mapping(mapping, "production").queues == (QueueEntry("default"), QueueEntry("low"))
    assert QueueConfig.from_mapping(mapping, "staging").queues == (QueueEntry("staging"),)
    assert QueueConfig.from_mapping(mapping, "test").concurrency == 5


def test_an_environment_that_is_nearly_a_section_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match='no section "prodcution"; did you mean the environment "production"'):
        QueueConfig.from_mapping({"production": {"concurrency": 20}}, "prodcution")


def test_a_section_may_be_empty_and_its_keys_are_checked_only_where_it_counts() -> None:
    mapping = {"production": None, "staging": {"concurrency": 3, "concurency": 4}}

    assert QueueConfig.from_mapping(mapping, "production") == QueueConfig()
    with pytest.raises(ConfigError, match=r'staging\.concurency: there is no such key; did you mean "concurrency"'):
        QueueConfig.from_mapping(mapping, "staging")


def test_keys_of_sidekiq_that_mean_nothing_here_are_passed_over() -> None:
    config = QueueConfig.from_mapping(
        {"verbose": False, "pidfile": "tmp/pid", "scheduler": {"schedule": {}}, "strict": True}
    )

    assert config == QueueConfig()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"concurency": 5}, 'concurency: there is no such key; did you mean "concurrency"?'),
        ({"frobnicate": 5}, "frobnicate: there is no such key; the keys here are capsules, concurrency,"),
        ({"concurrency": "5"}, 'concurrency: a whole number from 1 is wanted, this is the text "5"'),
        ({"concurrency": 0}, "concurrency: a whole number from 1 is wanted, this is 0"),
        ({"concurrency": True}, "concurrency: a whole number from 1 is wanted, this is True"),
        ({"max_retries": -1}, "max_retries: a whole number from 0 is wanted, this is -1"),
        ({"timeout": 0}, "timeout: a number of seconds above 0 is wanted, this is 0"),
        ({"timeout": float("inf")}, "timeout: a number of seconds above 0 is wanted, this is inf"),
        ({"queues": []}, "queues: the list is empty"),
        ({"queues": {}}, "queues: the list is empty"),
        ({"queues": [{}]}, "queues[0]: a queue is wanted as name"),
        ({"queues": 7}, "queues: a list of queues is wanted, this is 7"),
        (
            {"queues": ["a", "b,many"]},
            'queues[1]: the weight of queue "b" must be a whole number from 1, this is the text',
        ),
        ({"queues": [["a", -1]]}, 'queues[0]: the weight of queue "a" must be'),
        ({"queues": [["a", 1, 2]]}, 'queues[0]: a queue is wanted as name, "name,weight"'),
        ({"queues": [""]}, "queues[0]: a queue is wanted as name"),
        ({"capsules": ["x"]}, "capsules: a mapping from capsule names to settings is wanted"),
        ({"capsules": {"x": 1}}, "capsules.x: a mapping with queues and concurrency is wanted, this is 1"),
        ({"capsules": {"x": {"queue": ["a"]}}}, 'capsules.x.queue: there is no such key; did you mean "queues"?'),
    ],
)
def test_what_cannot_be_used_is_told_with_its_key(mapping: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        QueueConfig.from_mapping(mapping)

    assert message in str(raised.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        QueueConfig.from_mapping({"concurrency": 0, "timeout": -1, "qeues": ["a"]})

    assert len(str(raised.value).splitlines()) == 3


def test_code_is_checked_as_a_file_is() -> None:
    with pytest.raises(ConfigError, match="QueueConfig: concurrency: a whole number from 1 is wanted, this is 0"):
        QueueConfig(concurrency=0)
