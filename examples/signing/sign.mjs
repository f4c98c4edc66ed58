// Calls wxgate with a signed request: Node 18 or later, no packages.
//   WXGATE_URL=http://127.0.0.1:8080 WXGATE_KEY=wxg_blog_… node sign.mjs
import { createHash, createHmac, randomBytes } from "node:crypto";

// The headers of a signed request; `url` is percent-encoded, as it will be sent.
function signed(method, url, body, key) {
  const { pathname, search } = new URL(url);
  const lines = {
    "@method": method,
    "@path": pathname,
    "@query": search || "?",
    "content-digest": `sha-256=:${createHash("sha256").update(body).digest("base64")}:`,
  };
  const covered = Object.keys(lines).map((name) => `"${name}"`).join(" ");
  const created = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(16).toString("hex");
  const client = key.split("_")[1];
  const params =
    `(${covered});created=${created};nonce="${nonce}";keyid="${client}";alg="hmac-sha256"`;
  const base = [
    ...Object.entries(lines).map(([name, value]) => `"${name}": ${value}`),
    `"@signature-params": ${params}`,
  ].join("\n");
  const signature = createHmac("sha256", key).update(base).digest("base64");
  return {
    "Content-Digest": lines["content-digest"],
    "Signature-Input": `sig1=${params}`,
    Signature: `sig1=:${signature}:`,
  };
}

const url = `${process.env.WXGATE_URL.replace(/\/$/, "")}/v1/render?from=node`;
const body = JSON.stringify({ markdown: "你好，**签名**" });
const headers = {
  "Content-Type": "application/json",
  ...signed("POST", url, body, process.env.WXGATE_KEY),
};
const answer = await fetch(url, { method: "POST", body, headers });
console.log(await answer.text());
