"""Liveness, readiness and metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from app.dependencies import ServiceDep
from app.schemas.health import Health, Readiness

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def health() -> Health:
    """The process is alive."""
    return Health()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def readiness(service: ServiceDep) -> JSONResponse:
    """200 when questions can be answered; 503 with the reasons until then."""
    missing = service.missing
    found = Readiness(ready=not missing, reasons=missing)
    headers = {"Retry-After": "2"} if missing else {}
    return JSONResponse(found.model_dump(), 503 if missing else 200, headers)


@router.get("/metrics", response_class=Response)
def metrics(service: ServiceDep) -> Response:
    """Prometheus metrics: requests, stages, queue, models, memory."""
    return Response(service.metrics.render(), media_type=CONTENT_TYPE_LATEST)
