<?php
// Calls wxgate with a signed request: PHP 8, no packages.
//   WXGATE_URL=http://127.0.0.1:8080 WXGATE_KEY=wxg_blog_… php sign.php

// The headers of a signed request; $url is percent-encoded, as it will be sent.
function signed(string $method, string $url, string $body, string $key): array
{
    $parts = parse_url($url);
    $lines = [
        '@method' => $method,
        '@path' => $parts['path'] ?? '/',
        '@query' => '?' . ($parts['query'] ?? ''),
        'content-digest' => 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':',
    ];
    $covered = implode(' ', array_map(fn ($name) => "\"$name\"", array_keys($lines)));
    $params = sprintf(
        '(%s);created=%d;nonce="%s";keyid="%s";alg="hmac-sha256"',
        $covered,
        time(),
        bin2hex(random_bytes(16)),
        explode('_', $key)[1]
    );
    $base = '';
    foreach ($lines as $name => $value) {
        $base .= "\"$name\": $value\n";
    }
    $base .= "\"@signature-params\": $params";
    $signature = base64_encode(hash_hmac('sha256', $base, $key, true));
    return [
        "Content-Digest: {$lines['content-digest']}",
        "Signature-Input: sig1=$params",
        "Signature: sig1=:$signature:",
    ];
}

$url = rtrim(getenv('WXGATE_URL'), '/') . '/v1/render?from=php';
$body = json_encode(['markdown' => '你好，**签名**'], JSON_UNESCAPED_UNICODE);
$headers = signed('POST', $url, $body, getenv('WXGATE_KEY'));
$headers[] = 'Content-Type: application/json';
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => implode("\r\n", $headers),
    'content' => $body,
    'ignore_errors' => true,
]]);
echo file_get_contents($url, false, $context), "\n";
