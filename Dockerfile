# The server on the CPU runner with the shipped model: docker build -t cottention .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source

# What decides the packages comes first: the restore is done again only when one of these files changes.
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY build/ build/
COPY src/Cottention.Cuda/Cottention.Cuda.csproj src/Cottention.Cuda/
COPY src/Cottention.Inference/Cottention.Inference.csproj src/Cottention.Inference/
COPY src/Cottention.Protocol/Cottention.Protocol.csproj src/Cottention.Protocol/
COPY src/Cottention.Server/Cottention.Server.csproj src/Cottention.Server/
RUN dotnet restore src/Cottention.Server

COPY proto/ proto/
COPY src/Cottention.Cuda/ src/Cottention.Cuda/
COPY src/Cottention.Inference/ src/Cottention.Inference/
COPY src/Cottention.Protocol/ src/Cottention.Protocol/
COPY src/Cottention.Server/ src/Cottention.Server/
# Analyzers have had their say where the code was written.
RUN dotnet publish src/Cottention.Server -c Release --no-restore -o /app \
    -p:UseAppHost=false -p:RunAnalyzers=false -p:DebugType=none -p:PublishDocumentationFiles=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
# The base image's user "app". A new volume on /data takes its owner from this folder.
RUN install -d -o 1654 -g 1654 /data
COPY deploy/models/ models/
COPY --from=build /app/ ./
ENV COTTENTION__LISTEN=0.0.0.0 \
    COTTENTION__SESSIONS=/data/sessions
USER 1654
VOLUME /data
# 50051: gRPC. 8080: /healthz, /readyz, /metrics and gRPC-Web.
EXPOSE 50051 8080
# The image has no curl; bash opens the connection itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${COTTENTION__HTTPPORT:-8080} && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["dotnet", "Cottention.Server.dll"]
