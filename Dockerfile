# slowburn as a single static program in an otherwise empty image.
#
#   docker build -t slowburn .
#   docker run -p 9490:9490 -v ./slowburn.yaml:/etc/slowburn/slowburn.yaml:ro \
#     -v ./slos:/etc/slowburn/slos:ro -v slowburn-data:/data slowburn

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The C library is linked in, so that the program needs nothing from the image it runs in. Naming the target keeps that
# setting from the macros of the build itself, which must be dynamic.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile dist --locked --bin slowburn --target "$target" \
    && install -D "target/$target/dist/slowburn" /image/usr/bin/slowburn
# An empty volume takes over the owner of the directory it is mounted on.
RUN mkdir -p /image/etc/slowburn /image/data /image/tmp \
    && cp -rL /etc/ssl/certs/ca-certificates.crt --parents /image 2>/dev/null \
    ; echo 'slowburn:x:65532:65532::/data:/usr/bin/slowburn' > /image/etc/passwd \
    && chown 65532:65532 /image/data && chmod 1777 /image/tmp

FROM scratch
COPY --from=build /image /
USER 65532:65532
WORKDIR /etc/slowburn
VOLUME /data
EXPOSE 9490
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["/usr/bin/slowburn", "status", "--health"]
ENTRYPOINT ["/usr/bin/slowburn"]
# In a container the page must be reachable from outside it; who may reach it is decided by the published port.
CMD ["run", "--config", "/etc/slowburn/slowburn.yaml", "--web.listen", "0.0.0.0:9490"]
