# token + draft through $HTTPS_PROXY, as a shell script does it
set -euo pipefail
token=$(curl -sS --fail "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=$APP_ID&secret=made-up" |
  sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
curl -sS --fail -H 'Content-Type: application/json' --data-binary "$DRAFT" \
  "https://api.weixin.qq.com/cgi-bin/draft/add?access_token=$token"
