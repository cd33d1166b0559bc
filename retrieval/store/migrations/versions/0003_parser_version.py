"""Which parser made an extracted text."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("extracted_texts", sa.Column("parser_version", sa.String(length=64), nullable=True))
    # Tables used to be stored with the chunks: what was parsed and not yet cut is parsed again.
    op.execute(
        "DELETE FROM extracted_texts WHERE revision_key IN"
        " (SELECT key FROM revisions WHERE status = 'processing' AND stage = 'chunk')"
    )
