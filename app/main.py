"""The API process: `uvicorn app.main:create_app --factory`, or `scholiast serve`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from app import errors
from app.body_limit import BodyLimitProblem
from app.headers import SecurityHeaders
from app.logs import configure_logging
from app.metrics import Metrics, RequestTimer
from app.routes import (
    ask,
    chat,
    collections,
    conversations,
    cypher,
    documents,
    embedding_model,
    embeddings,
    feedback,
    health,
    models,
    question_routes,
    search,
    sql,
)
from app.service import Service
from app.settings import Settings
from app.wiring import Loader, load_engines, open_storage
from retrieval import failpoints

WEB = Path(__file__).parent / "web"
# In the order in which the documentation of the API shows them.
ROUTERS = (
    documents.router,
    collections.router,
    search.router,
    question_routes.router,
    sql.router,
    cypher.router,
    ask.router,
    conversations.router,
    feedback.router,
    chat.router,
    models.router,
    embeddings.router,
    embedding_model.router,
    health.router,
)


def create_app(settings: Settings | None = None, load: Loader = load_engines) -> FastAPI:
    """The service with all its routes. `load` is what tests replace to run without models."""
    settings = settings or Settings()
    configure_logging(settings)
    if settings.failpoint is not None:
        failpoints.arm(settings.failpoint)
    storage = open_storage(settings)
    metrics = Metrics(storage.database)
    service = Service(settings, storage, load, metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()
        storage.close()

    app = FastAPI(
        title="Scholiast",
        version="1",
        summary="Answers questions from your own documents, with citations, on your own machine.",
        lifespan=lifespan,
        docs_url=None,  # the page of our own below: the usual one loads its scripts from elsewhere
        redoc_url=None,
        form_limits={"max_files": settings.max_files_per_upload + 1},
    )
    app.state.service = service
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    # Innermost first: the limit counts the body as it comes, before any parser sees it.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_upload_bytes)
    app.add_middleware(BodyLimitProblem, max_upload_mib=settings.max_upload_mib)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestTimer, metrics=metrics)
    app.mount("/assets", StaticFiles(directory=WEB), name="assets")
    app.add_api_route("/", _page("index.html"), include_in_schema=False)
    app.add_api_route("/docs", _page("docs.html"), include_in_schema=False)
    return app


def _page(name: str) -> Callable[[], FileResponse]:
    def page() -> FileResponse:
        return FileResponse(WEB / name)

    return page
