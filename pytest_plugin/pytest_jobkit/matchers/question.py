"""What can be asked with ``assert``, with ``with``, and joined with ``&`` and ``|``."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from jobkit import ConfigError

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


class Answer(Protocol):
    """What came of a question."""

    @property
    def is_met(self) -> bool: ...
    @property
    def is_ambiguous(self) -> bool: ...
    def text(self, negated: bool = False) -> str:
        """Why it is not met; with `negated`, why it should not have been."""
        ...


class Question(ABC):
    """Something a test wants to know of its jobs.

    ``assert question`` asks about the whole test so far, ``with question:`` about what the block did. A question that
    is written and never asked fails the test at its end.
    """

    def __init__(self, session: JobSession) -> None:
        self.session = session
        self.is_asked = False
        session.questions.append(self)

    @abstractmethod
    def _begin(self) -> None:
        """Remember where a block begins."""

    @abstractmethod
    def _answer(self, in_block: bool) -> Answer:
        """Answer for the block that was begun, or for the whole test."""

    def __bool__(self) -> bool:
        answer = self._ask(in_block=False)
        if answer.is_ambiguous:
            raise AssertionError(answer.text())
        self.session.said = Said(self, answer, sys._getframe(1).f_code)
        return answer.is_met

    def __enter__(self) -> Self:
        self.is_asked = True
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._verify(self._ask(in_block=True))

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def verify(self) -> Self:
        """Raise AssertionError, with the whole explanation, unless it is so in the whole test so far."""
        self._verify(self._ask(in_block=False))
        return self

    def _ask(self, in_block: bool) -> Answer:
        self.is_asked = True
        return self._answer(in_block)

    @staticmethod
    def _verify(answer: Answer) -> None:
        if not answer.is_met:
            raise AssertionError(answer.text())

    def __and__(self, other: object) -> Joined:
        return Joined(self, "and", other)

    def __or__(self, other: object) -> Joined:
        return Joined(self, "or", other)


@dataclass(slots=True)
class Said:
    """The last yes or no that a question gave, and the code that asked: an assert there may have failed over it."""

    question: Question
    answer: Answer
    code: object


class Joined(Question):
    """Two questions in one: ``a & b`` wants both, ``a | b`` at least one."""

    def __init__(self, left: Question, word: str, right: object) -> None:
        if not isinstance(right, Question):
            sign = "&" if word == "and" else "|"
            raise ConfigError(f"{left!r} {sign} {right!r}: another have_..._job(...) is wanted on the right")
        super().__init__(left.session)
        left.is_asked = right.is_asked = True
        self.parts = (left, right)
        self.word = word

    def _begin(self) -> None:
        for part in self.parts:
            part._begin()

    def _answer(self, in_block: bool) -> Answer:
        left, right = self.parts
        return _JoinedAnswer(self.word, (left._answer(in_block), right._answer(in_block)))

    def __repr__(self) -> str:
        return f"{self.parts[0]!r} {'&' if self.word == 'and' else '|'} {self.parts[1]!r}"


@dataclass(slots=True)
class _JoinedAnswer:
    word: str
    answers: tuple[Answer, Answer]

    @property
    def is_met(self) -> bool:
        met = [answer.is_met for answer in self.answers]
        return all(met) if self.word == "and" else any(met)

    @property
    def is_ambiguous(self) -> bool:
        return any(answer.is_ambiguous for answer in self.answers)

    def text(self, negated: bool = False) -> str:
        wrong = [answer for answer in self.answers if answer.is_met is negated or (not negated and answer.is_ambiguous)]
        between = "\n\nand\n\n" if (self.word == "and") is not negated else "\n\nand neither\n\n"
        return between.join(answer.text(negated) for answer in wrong)
