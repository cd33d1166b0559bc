"""Runs migrations on the connection that `Database.upgrade` hands over; there is no offline mode."""

from alembic import context

from retrieval.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
