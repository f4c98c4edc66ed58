#!/usr/bin/env bash
# Plain curl: a token first (CALLS=token), or every request signed by openssl (CALLS=signed).
# A command a line on stdin, a line of JSON back; GATE_URL, APP_ID, KEY, PICTURE from outside.
set -euo pipefail
GATE_URL=${GATE_URL:-https://api.weixin.qq.com}

base64_of() { openssl base64 -A; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

# signed METHOD TARGET [ARGUMENTS OF curl]: the body stands in the file named by BODY.
signed() {
  local method=$1 target=$2 path=${2%%\?*} query="?" digest params base signature client
  shift 2
  case $target in *\?*) query="?${target#*\?}" ;; esac
  client=${KEY#wxg_} client=${client%%_*}
  digest="sha-256=:$(openssl dgst -sha256 -binary "$BODY" | base64_of):"
  params="(\"@method\" \"@path\" \"@query\" \"content-digest\" \"x-wxgate-account\");created=$(date +%s)"
  params+=";nonce=\"$(openssl rand -hex 16)\";keyid=\"$client\";alg=\"hmac-sha256\""
  printf -v base '"@method": %s\n"@path": %s\n"@query": %s\n"content-digest": %s\n' \
    "$method" "$path" "$query" "$digest"
  base+="\"x-wxgate-account\": $APP_ID
\"@signature-params\": $params"
  signature=$(printf %s "$base" |
    openssl dgst -sha256 -mac HMAC -macopt "key:$KEY" -binary | base64_of)
  curl -sS -X "$method" "$GATE_URL$target" -H "Content-Digest: $digest" \
    -H "X-Wxgate-Account: $APP_ID" \
    -H "Signature-Input: sig1=$params" -H "Signature: sig1=:$signature:" "$@"
}

token() {
  local target="/cgi-bin/token?grant_type=client_credential&appid=$APP_ID"
  if [ "$CALLS" = signed ]; then
    BODY=/dev/null signed GET "$target"
  else
    curl -sS "$GATE_URL$target&secret=$KEY"
  fi
}

# call METHOD PATH [ARGUMENTS OF curl]
call() {
  local method=$1 target=$2
  shift 2
  if [ "$CALLS" = signed ]; then
    signed "$method" "$target" "$@"
    return
  fi
  TOKEN=${TOKEN:-$(token | field access_token)}
  case $target in *\?*) target+="&" ;; *) target+="?" ;; esac
  curl -sS -X "$method" "$GATE_URL${target}access_token=$TOKEN" "$@"
}

post_json() {
  printf %s "$2" >"$SCRATCH/body"
  BODY="$SCRATCH/body" call POST "$1" -H "Content-Type: application/json" \
    --data-binary "@$SCRATCH/body"
}

upload() {
  local target="/cgi-bin/material/add_material?type=image" edge=wxgate-compat-edge
  if [ "$CALLS" = token ]; then
    call POST "$target" -F "media=@$PICTURE;type=image/png"
    return
  fi
  { # What -F sends cannot be signed before it is sent, so the form is written here.
    printf -- '--%s\r\nContent-Disposition: form-data; name="media"; ' "$edge"
    printf 'filename="picture.png"\r\nContent-Type: image/png\r\n\r\n'
    cat "$PICTURE"
    printf '\r\n--%s--\r\n' "$edge"
  } >"$SCRATCH/form"
  BODY="$SCRATCH/form" call POST "$target" \
    -H "Content-Type: multipart/form-data; boundary=$edge" --data-binary "@$SCRATCH/form"
}

draft() {
  post_json /cgi-bin/draft/add "{\"articles\": [{\"title\": \"兼容测试\", \"content\":
    \"<p>你好</p>\", \"thumb_media_id\": \"$COVER\"}]}"
}

cold() { # twenty processes at once, none of which knows of the others
  local pids=() number
  for number in $(seq 20); do
    token >"$SCRATCH/cold$number" &
    pids+=($!)
  done
  wait "${pids[@]}"
  printf '{"tokens": ['
  for number in $(seq 20); do
    [ "$number" = 1 ] || printf ', '
    printf '"%s"' "$(field access_token <"$SCRATCH/cold$number")"
  done
  printf ']}'
}

SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
TOKEN="" COVER="" DRAFT=""
while read -r command; do
  case $command in
    token) answer=$(token 2>&1 || true) TOKEN=$(field access_token <<<"$answer") ;;
    upload) answer=$(upload) COVER=$(field media_id <<<"$answer") ;;
    draft) answer=$(draft) DRAFT=$(field media_id <<<"$answer") ;;
    publish) answer=$(post_json /cgi-bin/freepublish/submit "{\"media_id\": \"$DRAFT\"}") ;;
    cold) answer=$(cold) ;;
  esac
  # What a person at the terminal sees is the answer itself.
  case $answer in
    *'"errcode":0'*) ;;
    *'"errcode"'* | curl:*) answer="{\"error\": $(printf %s "$answer" | sed 's/[\\"]/\\&/g;s/^/"/;s/$/"/')}" ;;
  esac
  printf '%s\n' "$answer"
done
