"""SQLAlchemy instances as arguments, on a real sqlite database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import StaticPool, create_engine, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from jobkit.errors import DeserializationError, RecordNotFound, SerializationError
from jobkit.serializers import configure_sqlalchemy, decode_arguments, encode_arguments


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="private")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "private"}  # noqa: RUF012 - SQLAlchemy's form


class Company(Customer):
    __mapper_args__ = {"polymorphic_identity": "company"}  # noqa: RUF012 - SQLAlchemy's form


class Stock(Base):
    __tablename__ = "stock"
    shop: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


@pytest.fixture
def sessions() -> Iterator[sessionmaker[Session]]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    yield sessionmaker(engine)
    engine.dispose()


@pytest.fixture
def jobs_session(sessions: sessionmaker[Session]) -> Iterator[scoped_session[Session]]:
    """The session that jobs work with, which is not the one that enqueues."""
    registry = scoped_session(sessions)
    configure_sqlalchemy(registry)
    yield registry
    configure_sqlalchemy(None)
    registry.remove()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session


def queued(value: object) -> list[Any]:
    message: list[Any] = json.loads(json.dumps(encode_arguments([value], {})))
    return message


def test_the_class_and_the_identity_are_stored(session: Session) -> None:
    session.add(ada := Customer(name="Ada"))
    session.commit()

    assert queued(ada)[0] == [
        {"_jobkit_type": "reference", "source": "sqlalchemy", "class": f"{__name__}:Customer", "key": [1]}
    ]


def test_the_job_gets_the_row_as_it_is_when_it_runs(session: Session, jobs_session: Any) -> None:
    session.add(ada := Customer(name="Ada"))
    session.commit()
    message = queued([{"customer": ada}])

    ada.name = "Ada Lovelace"
    session.commit()

    [[arrived]], _ = decode_arguments(*message)
    assert arrived["customer"].name == "Ada Lovelace"
    assert arrived["customer"] is not ada
    assert arrived["customer"] in jobs_session


def test_a_subclass_comes_back_as_such(session: Session, jobs_session: Any) -> None:
    session.add(company := Company(name="ACME"))
    session.commit()

    [arrived], _ = decode_arguments(*queued(company))

    assert type(arrived) is Company


def test_a_key_of_several_columns_is_kept_whole(session: Session, jobs_session: Any) -> None:
    session.add(stock := Stock(shop="eu", sku=7, amount=3))
    session.commit()

    [arrived], _ = decode_arguments(*queued(stock))

    assert arrived.amount == 3


def test_a_row_that_is_gone_is_not_found(session: Session, jobs_session: Any) -> None:
    session.add_all([ada := Customer(name="Ada"), stock := Stock(shop="eu", sku=7, amount=3)])
    session.commit()
    messages = {"Customer with the key 1": queued(ada), r"Stock with the key \['eu', 7\]": queued(stock)}

    session.delete(ada)
    session.delete(stock)
    session.commit()

    for named, message in messages.items():
        with pytest.raises(RecordNotFound, match=f"{named} is gone"):
            decode_arguments(*message)


def test_all_references_of_a_job_come_from_one_session(session: Session, sessions: sessionmaker[Session]) -> None:
    asked = []

    def provider() -> Session:
        asked.append(sessions())
        return asked[-1]

    configure_sqlalchemy(provider)
    session.add_all(customers := [Customer(name="Ada"), Customer(name="Grace")])
    session.commit()

    [ada, grace], _ = decode_arguments(*encode_arguments(customers, {}))

    assert len(asked) == 1
    assert {ada, grace} <= set(asked[0])
    asked[0].close()
    configure_sqlalchemy(None)


def test_an_instance_that_is_not_in_the_database_is_refused(session: Session) -> None:
    pending = Customer(id=5, name="Ada")
    session.add(pending)

    for unsaved in (pending, Customer(name="Grace")):
        with pytest.raises(
            SerializationError, match=r"^arguments\[0\]: an unsaved Customer, which the database does not have yet,"
        ):
            encode_arguments([unsaved], {})


def test_without_a_session_provider_the_error_says_what_to_call(session: Session) -> None:
    session.add(ada := Customer(name="Ada"))
    session.commit()

    with pytest.raises(
        DeserializationError, match=r"no session provider .*Call jobkit\.serializers\.configure_sqlalch"
    ):
        decode_arguments(*queued(ada))


def test_an_asynchronous_session_is_told_apart(session: Session) -> None:
    session.add(ada := Customer(name="Ada"))
    session.commit()
    configure_sqlalchemy(lambda: AsyncSession())

    with pytest.raises(DeserializationError, match=r"asynchronous session.*Pass the id and load the row in the job"):
        decode_arguments(*queued(ada))

    configure_sqlalchemy(None)


def test_an_error_of_the_database_is_the_cause_of_a_deserialization_error(
    session: Session, sessions: sessionmaker[Session], jobs_session: Any
) -> None:
    session.add(ada := Customer(name="Ada"))
    session.commit()
    message = queued(ada)

    def unreachable(*_: object) -> None:
        raise ConnectionError("the database is down")

    event.listen(sessions.kw["bind"], "before_cursor_execute", unreachable)

    with pytest.raises(DeserializationError, match="the database is down") as caught:
        decode_arguments(*message)
    assert not isinstance(caught.value, RecordNotFound)
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_session_itself_is_refused(session: Session) -> None:
    with pytest.raises(SerializationError, match=r"arguments\[0\]: a database session cannot be stored"):
        encode_arguments([session], {})


def test_a_query_and_a_row_are_refused(session: Session) -> None:
    session.add(Customer(name="Ada"))
    row = session.query(Customer.id, Customer.name).one()

    with pytest.raises(SerializationError, match=r"an ORM query cannot be stored .* query in the job"):
        encode_arguments([session.query(Customer)], {})
    with pytest.raises(SerializationError, match=r"a database row cannot be stored .* value\._asdict\(\)"):
        encode_arguments([row], {})
