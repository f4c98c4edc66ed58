from alembic import context

from store.tables import metadata

# `store.migrate` opened the transaction: it holds the lock, and commits all steps together.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
