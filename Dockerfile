# The CLI exists for linux/amd64 only, so the image does too: docker build --platform linux/amd64 .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The list of parts is made without development dependencies in package.json: with --omit, npm leaves out what both need.
RUN npm ci --omit=dev --ignore-scripts \
 && npm pkg delete devDependencies \
 && npm sbom --sbom-format cyclonedx > sbom.cdx.json

FROM ${NODE_IMAGE}
# An init as PID 1: it forwards signals and reaps what the CLI leaves behind.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates tini \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=10001 --group=10001 /data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/sbom.cdx.json ./
COPY package.json LICENSE ./
COPY src ./src
# The Otterize CLI is not redistributed: mount it, or COPY it in an image of your own, to this place (docs/operations.md).
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=4 --max-old-space-size=224" \
    HOLT_CONFIG=/etc/holt/holt.yaml \
    HOLT_DATA=/data/holt.sqlite \
    OTTERIZE_CLI=/usr/local/bin/otterize
USER 10001:10001
# The root may be read-only: Holt writes to /data (embedded store only) and to the temporary folder.
VOLUME ["/data"]
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "src/main.ts"]
