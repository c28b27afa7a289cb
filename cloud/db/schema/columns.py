"""The tables' common register, and the columns that they have alike."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    MetaData,
    Text,
    Uuid,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(referred_table_name)s_fk",
        "ck": "%(table_name)s_%(constraint_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s",
    }
)


def uuid_of(name: str = "id") -> Column[str]:
    return Column(name, Uuid(as_uuid=False), nullable=False)


def one_of(column: str, allowed: Iterable[str], name: str | None = None) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


def moment(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def of_lot() -> tuple[Column[str], Column[str], ForeignKeyConstraint]:
    """The tenant and lot of a row; a row can't name a tenant that isn't its lot's."""
    return (
        uuid_of("tenant_id"),
        uuid_of("lot_id"),
        ForeignKeyConstraint(["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"]),
    )
