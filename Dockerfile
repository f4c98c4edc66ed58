# wxgate in a container: non-root, read-only friendly (only /data is written), no compiler.
# Behind a package mirror: docker build --build-arg PIP_INDEX_URL=<its address> .
# Formulas, diagrams, SVG: docker build --build-arg EXTRAS=math,mermaid,svg .
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
ARG PIP_INDEX_URL
ENV PIP_INDEX_URL=${PIP_INDEX_URL} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /app
COPY requirements.lock ./
RUN /app/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY . .
ARG EXTRAS=
RUN /app/bin/pip install --no-deps ./clients/python . \
    && if [ -n "$EXTRAS" ]; then /app/bin/pip install --only-binary :all: ".[$EXTRAS]"; fi \
    && /app/bin/python -m compileall -q /app/lib

FROM python:${PYTHON_VERSION}-slim
LABEL org.opencontainers.image.title="wxgate" org.opencontainers.image.licenses="MIT"
# A font for the Chinese in covers and diagrams, 5 MB.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data wxgate \
    && install -d -o wxgate -g wxgate -m 0700 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    WXGATE_SERVER__LISTEN=0.0.0.0:8080 WXGATE_SERVER__DATA_DIR=/data
USER wxgate
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
ENTRYPOINT ["wxgate"]
CMD ["serve"]
