# Gatehouse as one static program in an otherwise empty image: no shell, no package manager, not root.
# It needs DATABASE_URL, GATEHOUSE_SECRET, GATEHOUSE_BASE_URL and GATEHOUSE_MAIL; docs/deploying.md tells how.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t gatehouse .

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
# timetzdata puts the time zones into the program: the final image has none.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags "-s -w -X main.version=${VERSION}" -o /out/gatehouse ./cmd/gatehouse
# The folders that the program writes to, and a name for its user.
RUN mkdir -p /out/root/data /out/root/tmp /out/root/etc/ssl/certs \
 && chmod 0711 /out/root/data && chmod 1777 /out/root/tmp \
 && chown 65532:65532 /out/root/data \
 && echo 'gatehouse:x:65532:65532::/data:/sbin/nologin' > /out/root/etc/passwd \
 && echo 'gatehouse:x:65532:' > /out/root/etc/group \
 && cp /etc/ssl/certs/ca-certificates.crt /out/root/etc/ssl/certs/

FROM scratch
COPY --from=build /out/root/ /
COPY --from=build /out/gatehouse /gatehouse
COPY LICENSE /LICENSE
USER 65532:65532
ENV GATEHOUSE_LISTEN=0.0.0.0:8080 \
    GATEHOUSE_DATA_DIR=/data \
    GATEHOUSE_LOG=json
# Documents live here. A new named volume takes the folder's owner over from the image.
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/gatehouse", "health"]
ENTRYPOINT ["/gatehouse"]
CMD ["serve"]
