# One image for both processes: `scholiast serve` and `scholiast worker`.
# Build:  docker build --build-arg TORCH_INDEX_URL=<pytorch's CPU index> [--build-arg EXTRAS=ocr] -t scholiast .

FROM python:3.11-slim-bookworm AS build
# pip's index for the CPU build of torch; empty takes the default index, whose build carries GPU libraries of several GB
ARG TORCH_INDEX_URL=""
# optional parts, between commas: ocr, openai
ARG EXTRAS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} "$(grep '^torch==' requirements.lock)" \
 && /venv/bin/pip install --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY bench ./bench
COPY generation ./generation
COPY ingest ./ingest
COPY retrieval ./retrieval
RUN /venv/bin/pip install --no-deps --no-build-isolation . \
 && if [ -n "$EXTRAS" ]; then /venv/bin/pip install --no-build-isolation ".[$EXTRAS]"; fi
# Baked in, so that a container starts without reaching anything.
RUN /venv/bin/scholiast models pull --models-dir /models

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home scholiast \
 && mkdir /data && chown scholiast:scholiast /data
COPY --from=build /venv /venv
COPY --from=build /models /models
ENV PATH="/venv/bin:$PATH" \
    HF_HUB_OFFLINE=1 \
    SCHOLIAST_DATA_DIR=/data \
    SCHOLIAST_MODELS_DIR=/models \
    SCHOLIAST_HOST=0.0.0.0 \
    SCHOLIAST_PORT=8000
USER scholiast
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["scholiast", "serve"]
