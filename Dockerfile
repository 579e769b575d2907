# The image that deploy/ runs: Node, the sources, and the libraries they use. No shell, no npm, nobody's root.
#
#   docker build --tag registry.example/penstock:0.1.0 .

ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are Node itself for machines without one; this image has its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# glibc, libstdc++ and certificate authorities; neither a shell nor a package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
USER 65532:65532
ENV NODE_ENV=production
ENTRYPOINT ["/usr/local/bin/node", "/app/bin/penstock.js"]
CMD ["--help"]
