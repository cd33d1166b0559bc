"""What all tables share: the names of their constraints, row keys, and owners with whom a row disappears."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key() -> Column[int]:
    """The number of a row."""
    return Column("key", Integer, primary_key=True)


def owned_by(column: str, target: str, *, primary_key: bool = False) -> Column[int]:
    """A foreign key whose row disappears with its owner."""
    return Column(
        column, Integer, ForeignKey(target, ondelete="CASCADE"), nullable=False, index=True, primary_key=primary_key
    )
