"""YAML as plain data with the line of each key, through PyYAML's node tree. Imported only when a YAML file is read.

A key that is written twice is an error here (YAML keeps the last and says nothing), and an unquoted Ruby symbol
(``queue: :low``) is read as its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from jobkit.configuration_file import KeyPath, LineOf, without_colon
from jobkit.errors import ConfigError

MERGE = "tag:yaml.org,2002:merge"
TEXT = "tag:yaml.org,2002:str"


def read_yaml(name: str, text: str) -> tuple[object, LineOf]:
    """The data of a YAML `text`, and a function from key path to line.

    Raises:
        ConfigError: not well-formed, a key twice, an unknown tag, or an alias inside of what it names.
    """
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        data = None if root is None else _Construction(name, loader).value(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f":{mark.line + 1}"
        told = ": ".join(part for part in (error.context, error.problem) if part)
        stars = "; a value that begins with * (as a cron does) must be in quotes" if "alias" in told else ""
        raise ConfigError(f"{name}{line}: this is not YAML that can be read: {told}{stars}") from None
    except yaml.reader.ReaderError as error:
        line = f":{text.count(chr(10), 0, error.position) + 1}"
        raise ConfigError(f"{name}{line}: a control character stands in the file: {text[error.position]!r}") from None
    return data, lambda path: None if root is None else _line(root, path)


class _Construction:
    """Turns nodes into values, each node once, so that aliases cost nothing."""

    def __init__(self, name: str, loader: yaml.SafeLoader) -> None:
        self._name = name
        self._loader = loader
        self._done: dict[int, object] = {}
        self._open: set[int] = set()

    def value(self, node: yaml.Node) -> object:
        if id(node) in self._done:
            return self._done[id(node)]
        if id(node) in self._open:
            raise self._error(node, "an alias stands inside of what it names; write the value out")
        self._open.add(id(node))
        made = self._made(node)
        self._open.discard(id(node))
        self._done[id(node)] = made
        return made

    def _made(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            self._refuse_duplicates(node)
            return {key: self.value(inner) for key, _, inner in _pairs(node)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner) for inner in node.value]
        if isinstance(node, yaml.ScalarNode) and _is_symbol(node):
            return without_colon(node.value)
        try:
            return self._loader.construct_object(node)
        except ValueError as error:
            raise self._error(node, f"{node.value!r} cannot be read: {error}; put it in quotes") from None

    def _refuse_duplicates(self, node: yaml.MappingNode) -> None:
        seen: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if key.tag == MERGE:
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "a key must be text")
            first = seen.setdefault(without_colon(key.value), key)
            if first is not key:
                line = first.start_mark.line + 1
                raise self._error(key, f'the key "{key.value}" is already there on line {line}; keep one of them')

    def _error(self, node: yaml.Node, text: str) -> ConfigError:
        return ConfigError(f"{self._name}:{node.start_mark.line + 1}: {' '.join(text.split())}")


def _is_symbol(node: yaml.ScalarNode) -> bool:
    return node.tag == TEXT and node.style is None and re.fullmatch(r":[A-Za-z_]\w*", node.value) is not None


def _pairs(node: yaml.MappingNode, inside: frozenset[int] = frozenset()) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Key, key node and value node, those of ``<<`` first, so that a mapping's own keys win.

    A mapping that merges itself (`inside`) gains no key by that.
    """
    inside |= {id(node)}
    for key, value in node.value:
        if key.tag == MERGE:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(source, yaml.MappingNode) and id(source) not in inside:
                    yield from _pairs(source, inside)
    for key, value in node.value:
        if key.tag != MERGE:
            yield without_colon(key.value), key, value


def _line(root: yaml.Node, path: KeyPath) -> int:
    """The line of the key at `path`, or of the deepest part of the path that is there."""
    node, line = root, root.start_mark.line + 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for name, key, value in _pairs(node) if name == step]
            if not found:
                break
            key, node = found[-1]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
