"""Which parser made an extracted text; no separate cache of stages, whose results are found where they are used."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the column; drops a table that nothing was ever written to."""
    op.add_column("extracted_texts", sa.Column("parser_version", sa.String(length=64), nullable=True))
    op.drop_table("stage_cache")
    # Tables used to be stored with the chunks: what was parsed and not yet cut is parsed again.
    op.execute(
        "DELETE FROM extracted_texts WHERE revision_key IN"
        " (SELECT key FROM revisions WHERE status = 'processing' AND stage = 'chunk')"
    )
