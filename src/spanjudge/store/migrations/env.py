"""Run by Alembic for each command; the connection comes from who asked."""

from alembic import context

from spanjudge.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
