# docker build -t boundary-log-proxy .
# docs/service.md explains how to run the image. Any image with Node 20.19 or newer will do.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY . .
RUN npm ci --ignore-scripts && npm run build && npm prune --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/proto ./proto
# Volumes get the owner of these folders. They are all that the proxy writes to.
RUN mkdir -p /run/boundary-log-proxy /var/lib/boundary-log-proxy \
  && chown 10001:10001 /run/boundary-log-proxy /var/lib/boundary-log-proxy
USER 10001:10001
VOLUME ["/run/boundary-log-proxy", "/var/lib/boundary-log-proxy"]
ENV NODE_ENV=production CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH=/run/boundary-log-proxy/audit.sock
# Whether the process lives. /healthz also fails if the destination is away, which a restart would not help.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9465/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell, so that SIGTERM reaches the proxy.
ENTRYPOINT ["node", "/app/dist/lib/cli/main.js"]
CMD ["serve", "--spool", "/var/lib/boundary-log-proxy"]
