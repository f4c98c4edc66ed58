<?php
// Speaks as the HTTP layer of EasyWeChat 6 does, without its packages (Composer is no part of the
// tests): paths relative to `http.base_uri`, the token as a query parameter, JSON with its
// Unicode as it is, forms with the headers that Symfony's FormDataPart writes, PHP's own streams
// below as in Symfony's NativeHttpClient. Read in its src/OfficialAccount/AccessToken.php,
// src/Kernel/HttpClient/{AccessTokenAwareClient,RequestUtil}.php and src/Kernel/Form/Form.php.
// Commands and answers as in curl.sh.

final class Client
{
    private ?string $token = null;

    public function __construct(private string $base, private string $app, private string $secret)
    {
    }

    public function token(): string
    {
        if ($this->token === null) {
            $answer = $this->send('GET', 'cgi-bin/token', [
                'grant_type' => 'client_credential', 'appid' => $this->app, 'secret' => $this->secret,
            ]);
            if (empty($answer['access_token'])) {
                $told = json_encode($answer, JSON_UNESCAPED_UNICODE);
                throw new RuntimeException('Failed to get access_token: ' . $told);
            }
            $this->token = $answer['access_token'];
        }
        return $this->token;
    }

    public function postJson(string $path, array $data): array
    {
        $body = json_encode($data, JSON_UNESCAPED_UNICODE);
        return $this->call($path, [], $body, ['Content-Type: application/json']);
    }

    public function postFile(string $path, array $query, string $file): array
    {
        $edge = bin2hex(random_bytes(8));
        $body = "--$edge\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: 8bit\r\n"
            . 'Content-Disposition: form-data; name="media"; filename="' . basename($file) . "\"\r\n"
            . "\r\n" . file_get_contents($file) . "\r\n--$edge--\r\n";
        return $this->call($path, $query, $body, ["Content-Type: multipart/form-data; boundary=$edge"]);
    }

    private function call(string $path, array $query, string $body, array $headers): array
    {
        $query['access_token'] = $this->token();
        $answer = $this->send('POST', ltrim($path, '/'), $query, $body, $headers);
        if (($answer['errcode'] ?? 0) !== 0) {
            throw new RuntimeException(json_encode($answer, JSON_UNESCAPED_UNICODE));
        }
        return $answer;
    }

    private function send(
        string $method,
        string $path,
        array $query,
        string $body = '',
        array $headers = [],
    ): array {
        [$proxy, $forProxy] = proxied();
        $context = stream_context_create(['http' => [
            ...$proxy,
            'method' => $method,
            'protocol_version' => 1.1,
            'header' => [...$forProxy, ...$headers, 'Accept: */*', 'Connection: close',
                'User-Agent: Symfony HttpClient (Native)', 'Content-Length: ' . strlen($body)],
            'content' => $body,
            'ignore_errors' => true,
        ]]);
        $url = $this->base . $path . '?' . http_build_query($query);
        $said = @file_get_contents($url, false, $context);
        if ($said === false) {
            throw new RuntimeException(error_get_last()['message']);
        }
        return json_decode($said, true, 512, JSON_THROW_ON_ERROR);
    }
}

// As Symfony takes it from the environment (NativeHttpClient, HttpClientTrait::getProxy).
function proxied(): array
{
    $parts = parse_url(getenv('https_proxy') ?: '');
    if (!isset($parts['host'])) {
        return [[], []];
    }
    $name = base64_encode(rawurldecode($parts['user']) . ':' . rawurldecode($parts['pass']));
    $proxy = ['proxy' => "tcp://{$parts['host']}:{$parts['port']}", 'request_fulluri' => false];
    return [$proxy, ["Proxy-Authorization: Basic $name"]];
}

function newClient(): Client
{
    return new Client((getenv('GATE_URL') ?: 'https://api.weixin.qq.com') . '/', getenv('APP_ID'), getenv('KEY'));
}

// Twenty processes, as PHP-FPM would have.
function cold(): array
{
    $files = array_map(fn () => tmpfile(), range(1, 20));
    $children = [];
    foreach ($files as $file) {
        $child = pcntl_fork();
        if ($child === 0) {
            fwrite($file, newClient()->token());
            posix_kill(getmypid(), SIGKILL); // without what the parent has open being ended twice
        }
        $children[] = $child;
    }
    array_map(fn ($child) => pcntl_waitpid($child, $status), $children);
    return array_map(function ($file) {
        rewind($file);
        return stream_get_contents($file);
    }, $files);
}

$client = newClient();
$cover = $draft = '';
while (($line = fgets(STDIN)) !== false) {
    try {
        switch (trim($line)) {
            case 'token':
                $answer = ['access_token' => $client->token()];
                break;
            case 'cold':
                $answer = ['tokens' => cold()];
                break;
            case 'upload':
                $path = '/cgi-bin/material/add_material';
                $answer = $client->postFile($path, ['type' => 'image'], getenv('PICTURE'));
                $cover = $answer['media_id'];
                break;
            case 'draft':
                $article = ['title' => '兼容测试', 'content' => '<p>你好</p>', 'thumb_media_id' => $cover];
                $answer = $client->postJson('/cgi-bin/draft/add', ['articles' => [$article]]);
                $draft = $answer['media_id'];
                break;
            case 'publish':
                $answer = $client->postJson('/cgi-bin/freepublish/submit', ['media_id' => $draft]);
                break;
        }
    } catch (Throwable $error) {
        $answer = ['error' => $error->getMessage()];
    }
    echo json_encode($answer, JSON_UNESCAPED_UNICODE), "\n";
}
