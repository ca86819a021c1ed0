"""SQLAlchemy over sqlite: sessions, statements, commits; nothing is counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from pytest_jobkit.retry_safety import Report, RetrySafety, World, world


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    paid: Mapped[bool] = mapped_column(default=False)
    payments: Mapped[int] = mapped_column(default=0)


class Shop:
    engine: Engine


def filled(engine: Engine) -> Engine:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Order(id=1))
        session.commit()
    return engine


@pytest.fixture(params=["in memory", "file"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    file = tmp_path / "shop.db"

    @world
    def shop() -> Iterator[None]:
        if request.param == "file":
            file.unlink(missing_ok=True)
            Shop.engine = filled(create_engine(f"sqlite:///{file}"))
        else:
            Shop.engine = filled(
                create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
            )
        yield None
        Shop.engine.dispose()

    return shop


def effects(report: Report) -> list[str]:
    return [effect.operation.name for effect in report.base.deliveries[0].effects]


def test_a_guarded_payment_in_one_session_is_safe(shop, retry_safety: RetrySafety):
    def job():
        with Session(Shop.engine) as session:
            order = session.scalars(select(Order).where(Order.id == 1)).one()
            if not order.paid:
                order.paid = True
                order.payments += 1
                session.commit()

    report = retry_safety(job, world=shop)

    assert effects(report) == ["select from orders", "update orders", "commit"]
    assert report.safe, report


def test_two_commits_leave_a_gap_between_them(shop, retry_safety: RetrySafety):
    def job():
        with Session(Shop.engine) as session:
            order = session.get(Order, 1)
            if not order.paid:
                order.payments += 1
                session.commit()
                order.paid = True
                session.commit()

    report = retry_safety(job, world=shop, kinds="kill")

    assert not report.safe
    assert report.schedule == "rs1:1.kill3"


def test_what_was_rolled_back_is_not_there(shop, retry_safety: RetrySafety):
    def job():
        with Session(Shop.engine) as session:
            session.execute(text("update orders set payments = 7"))
            session.rollback()
            session.execute(text("update orders set paid = 1"))
            session.commit()

    report = retry_safety(job, world=shop)

    assert effects(report) == ["update orders", "update orders", "commit"]
    assert report.safe, report


@pytest.mark.parametrize(("fault", "payments"), [("before", 0), ("after", 1)])
def test_the_error_of_a_lost_commit_is_sqlalchemys_own(shop, fault: str, payments: int, retry_safety: RetrySafety):
    seen: list[int] = []

    def job():
        try:
            with Session(Shop.engine) as session, session.begin():
                session.execute(text("update orders set payments = 1"))
        except OperationalError:
            with Shop.engine.connect() as connection:
                seen.append(connection.scalar(text("select payments from orders")))

    retry_safety(job, world=shop, kinds=fault)

    assert payments in seen
    assert fault == "after" or set(seen) == {0}


def test_an_engine_that_was_made_before_the_check_reports_too(tmp_path: Path, retry_safety: RetrySafety):
    engine = filled(create_engine(f"sqlite:///{tmp_path / 'shop.db'}"))
    with engine.connect():
        pass  # the pool has a connection now that sqlite3's own channel has never seen

    @world
    def shop() -> Iterator[None]:
        with Session(engine) as session:
            session.execute(text("update orders set payments = 0"))
            session.commit()
        yield None

    def job():
        with Session(engine) as session:
            session.execute(text("update orders set payments = payments + 1"))
            session.commit()

    def observe(_world: object) -> int:
        with Session(engine) as session:
            return session.scalar(text("select payments from orders"))

    report = retry_safety(job, world=shop, observe=observe, faults=1)
    engine.dispose()

    assert effects(report) == ["update orders", "commit"]
    assert report.schedule == "rs1:1.noack2"
