# Stands in for S3, SQS and Secrets Manager: a moto server, with what a deployment would find there.

# Any uv will do: what it installs, uv.lock fixes.
ARG UV_VERSION=latest
FROM ghcr.io/astral-sh/uv:${UV_VERSION} AS uv

FROM python:3.12-slim AS build
COPY --from=uv /uv /usr/local/bin/
ENV UV_CACHE_DIR=/cache/uv UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_LOCKED=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /aws
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/cache/uv uv sync --no-install-project --only-group aws \
    && rm -f .venv/.lock

FROM python:3.12-slim
RUN useradd --create-home --uid 1000 aws
COPY --from=build /aws/.venv /aws/.venv
COPY infra/aws_server.py /aws/
ENV PATH=/aws/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER 1000
WORKDIR /home/aws
EXPOSE 4566
CMD ["python", "/aws/aws_server.py"]
