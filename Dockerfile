# slowburn as a single static program in an otherwise empty image.
#
#   docker build -t slowburn:0.1.0 --build-arg SLOWBURN_REVISION="$(git rev-parse --short=12 HEAD)" .
#   docker run -p 9490:9490 -v ./slowburn.yaml:/etc/slowburn/slowburn.yaml:ro -v ./slos:/etc/slowburn/slos:ro \
#     -v slowburn-data:/data slowburn:0.1.0                  # with storage.path: /data in slowburn.yaml
#   docker run --rm -p 9490:9490 slowburn:0.1.0 demo --web.listen 0.0.0.0:9490

FROM rust:1.95-bookworm AS build
WORKDIR /build
# The commit, told by the page, the API and /metrics; the image's context holds no git checkout that would know it.
ARG SLOWBURN_REVISION=""
COPY . .
# The C library is linked in, so that the program needs nothing of the image it runs in. Naming the target keeps that
# setting away from procedural macros, which the compiler must be able to load.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile dist --locked --bin slowburn --target "$target" \
    && install -D "target/$target/dist/slowburn" /image/usr/bin/slowburn
RUN mkdir -p /image/etc/slowburn /image/data /image/tmp \
    && chmod 1777 /image/tmp \
    && echo 'slowburn:x:65532:65532::/data:/usr/bin/slowburn' > /image/etc/passwd

FROM scratch
COPY --from=build /image /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# A new volume takes over the owner of the directory that it is mounted on.
COPY --from=build --chown=65532:65532 /image/data /data
# Two heaps for all threads: one for each takes more memory with many SLOs, and for a single one they wait at a start.
ENV MALLOC_ARENA_MAX=2
USER 65532:65532
WORKDIR /etc/slowburn
VOLUME /data
EXPOSE 9490
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["/usr/bin/slowburn", "status", "--health"]
ENTRYPOINT ["/usr/bin/slowburn"]
# In a container the page must be reachable from outside it; the published port decides who reaches it.
CMD ["run", "--config", "/etc/slowburn/slowburn.yaml", "--web.listen", "0.0.0.0:9490"]
