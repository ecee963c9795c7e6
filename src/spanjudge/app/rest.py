"""What the REST API is given."""

from typing import TYPE_CHECKING

from spanjudge.pipeline.recent import RecentTargets
from spanjudge.settings import is_file
from spanjudge.version import __version__

if TYPE_CHECKING:
    from fastapi import APIRouter

    from spanjudge.app.server import App
    from spanjudge.server.rest.parts import Parts


def parts_of(app: "App") -> "Parts":
    """The parts of a running server."""
    # Imported here: FastAPI takes as long as everything else at start, and comes with the first page.
    from spanjudge.server.rest.parts import Facts, Parts  # noqa: PLC0415  see above

    settings = app.settings
    return Parts(
        store=app.store,
        queries=app.store.queries,
        recent=RecentTargets(app.store, app.store.queries, app.now),
        pipeline=app.pipeline,
        judges=app.judges,
        trial_judges=app.trial_judges,
        ledger=app.ledger,
        access=app.access,
        explain=app.explain,
        not_ready=app.not_ready,
        scorers=app.evaluators,
        facts=Facts(
            version=__version__,
            file_evaluators=frozenset(one.name for one in app.own_evaluators),
            judges=tuple(app.judges),
            max_store_bytes=settings.max_store_bytes,
            shared_store=not is_file(settings.database_url),
            grpc_port=lambda: app.grpc_port,
        ),
        now=app.now,
        ending=app.ending,
    )


def rest_router(app: "App") -> "APIRouter":
    """Every route of the REST API."""
    # Imported here: FastAPI takes as long as everything else at start, and comes with the first page.
    from fastapi import APIRouter  # noqa: PLC0415  see above

    from spanjudge.server.rest import routers  # noqa: PLC0415  see above

    whole = APIRouter()
    for router in routers(parts_of(app)):
        whole.include_router(router)
    return whole
