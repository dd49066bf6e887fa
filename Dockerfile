# Untested: written without a Docker engine at hand. See docs/operations.md.
FROM node:22-bookworm-slim AS browser
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOST=0.0.0.0 DEBUG=0
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg fontconfig fonts-dejavu-core fonts-noto-core redis-server util-linux \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt
COPY . .
COPY --from=browser /app/node_modules node_modules
RUN python -m scripts.browser_files && rm -rf node_modules \
 && python -m scripts.messages compile \
 && useradd --create-home transcriber \
 && install -d -o transcriber -g transcriber -m 0700 /data
USER transcriber
VOLUME /data
EXPOSE 8000
# Alone, the image runs everything in one container; compose.yaml runs one process each.
CMD ["sh", "-c", "python manage.py prepare && exec python manage.py serve"]
