# Images of vaultaws. It runs as an ordinary user, on a root file system that may be read-only.
#
#   docker build --tag vaultaws/vaultaws:0.1.0 .
#   docker run --rm --read-only -e VAULT_ADDR -e VAULT_TOKEN vaultaws/vaultaws:0.1.0 creds ROLE
#
# `--target local-aws` is the local AWS of docker-compose.yml. Every package is pinned with its hashes.
ARG PYTHON_IMAGE=python:3.13.9-slim-trixie

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/image.txt /requirements/image.txt
RUN python -m venv --without-pip /opt/vaultaws \
 && python -m pip --python /opt/vaultaws/bin/python install --quiet --no-deps --only-binary :all: \
    --require-hashes --requirement /requirements/image.txt
COPY vaultaws /opt/vaultaws/src/vaultaws
COPY policies /opt/vaultaws/src/vaultaws/policies
COPY cloudformation /opt/vaultaws/src/vaultaws/cloudformation
COPY terraform /opt/vaultaws/src/vaultaws/terraform
# A checkout may be closed to others; only what is gets another mode, and so a second copy in a layer.
# -P: a directory that somebody mounts and works in brings no module of its own.
RUN printf '#!/bin/sh\nexec /opt/vaultaws/bin/python -P -m vaultaws "$@"\n' >/opt/vaultaws/bin/vaultaws \
 && chmod 755 /opt/vaultaws/bin/vaultaws \
 && find /opt/vaultaws/src ! -perm -444 -exec chmod a+rX {} + \
 && /opt/vaultaws/bin/python -m compileall -q /opt/vaultaws/src

# The local AWS keeps its state file in /state, which a volume may be. Of its many packages only what
# a start imports is compiled, by starting it.
FROM packages AS local-aws
COPY requirements/image-aws.txt /requirements/image-aws.txt
RUN python -m pip --python /opt/vaultaws/bin/python install --quiet --no-deps --no-compile \
    --only-binary :all: --require-hashes --requirement /requirements/image-aws.txt \
 && PYTHONPATH=/opt/vaultaws/src /opt/vaultaws/bin/python -P -c 'import threading; \
from vaultaws.local.aws.serve import LocalAws; LocalAws().warm(); \
[one.join() for one in threading.enumerate()[1:]]' \
 && mkdir -p /state && chmod 1777 /state
ENV PATH=/opt/vaultaws/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/vaultaws/src \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/state
USER 10001:10001
VOLUME /state
ENTRYPOINT ["python", "-P", "-m", "vaultaws.local.aws", "--state-file", "/state/aws.json"]

# What vaultaws keeps (journals, cached sets) is in /var/lib/vaultaws, which a volume may be.
FROM packages AS vaultaws
ENV PATH=/opt/vaultaws/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/vaultaws/src \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/var/lib/vaultaws \
    XDG_STATE_HOME=/var/lib/vaultaws/state XDG_CACHE_HOME=/var/lib/vaultaws/cache
RUN mkdir -p /var/lib/vaultaws /work && chmod 1777 /var/lib/vaultaws
USER 10001:10001
VOLUME /var/lib/vaultaws
WORKDIR /work
ENTRYPOINT ["vaultaws"]
CMD ["--help"]
