#!/usr/bin/env bash
# Calls wxgate with a signed request: bash, openssl, curl.
#   WXGATE_URL=http://127.0.0.1:8080 WXGATE_KEY=wxg_blog_… ./sign.sh
set -euo pipefail

base64_of() { openssl base64 -A; }

# signed METHOD TARGET BODY: TARGET is path and query, percent-encoded, as they will be sent.
signed() {
  local method=$1 path=${2%%\?*} query="?" body=$3
  case $2 in *\?*) query="?${2#*\?}" ;; esac
  local client=${WXGATE_KEY#wxg_}
  client=${client%%_*}

  local digest
  digest="sha-256=:$(printf %s "$body" | openssl dgst -sha256 -binary | base64_of):"
  local params
  params="(\"@method\" \"@path\" \"@query\" \"content-digest\")"
  params+=";created=$(date +%s);nonce=\"$(openssl rand -hex 16)\""
  params+=";keyid=\"$client\";alg=\"hmac-sha256\""

  local base
  base="\"@method\": $method
\"@path\": $path
\"@query\": $query
\"content-digest\": $digest
\"@signature-params\": $params"
  local signature
  signature=$(printf %s "$base" |
    openssl dgst -sha256 -mac HMAC -macopt "key:$WXGATE_KEY" -binary | base64_of)

  curl -sS --path-as-is --globoff -X "$method" "${WXGATE_URL%/}$2" \
    -H "Content-Type: application/json" \
    -H "Content-Digest: $digest" \
    -H "Signature-Input: sig1=$params" \
    -H "Signature: sig1=:$signature:" \
    --data-binary "$body"
}

signed POST "/v1/render?from=sh" '{"markdown": "你好，**签名**"}'
