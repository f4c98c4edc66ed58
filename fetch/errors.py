from core.errors import GatewayError, Text


class FetchError(GatewayError):
    """A fetch that gave nothing, and says why."""

    sent = False  # whether the host may have got all of what it was asked, and acted on it


class UrlInvalid(FetchError):
    """The URL is not an http(s) URL that all parsers read alike."""

    status = 422
    code = "url_invalid"
    category = "params"
    message = Text("网址无效：{url}（{reason}）", "invalid URL: {url} ({reason})")
    hint = Text(
        "使用 http:// 或 https:// 开头、不带账号密码的完整网址",
        "use a whole http:// or https:// URL without credentials",
    )


class UrlForbidden(FetchError):
    """The URL leads to an address or a port that callers may not reach through the gateway."""

    status = 422
    code = "url_forbidden"
    category = "params"
    message = Text("不允许访问该地址：{url}", "this address may not be fetched: {url}")
    hint = Text(
        "只能访问公网地址的 80/443 端口；内网图床请在 fetch.allow_networks / allow_ports 中放行",
        "only public hosts on ports 80/443; open a LAN with fetch.allow_networks / allow_ports",
    )


class RedirectForbidden(FetchError):
    """The host answered with a redirect to where a fetch may not go."""

    status = 422
    code = "redirect_forbidden"
    category = "params"
    message = Text("{url} 跳转到了不允许的地址", "{url} redirects to a place that is not allowed")
    hint = Text("请直接使用跳转后的公网网址", "use the final, public URL")


class TooManyRedirects(FetchError):
    """More redirects in a row than a picture needs."""

    status = 422
    code = "too_many_redirects"
    category = "params"
    message = Text("{url} 跳转次数过多", "{url} redirects too often")
    hint = Text("请直接使用跳转后的网址", "use the final URL")


class DnsFailed(FetchError):
    """The host's name has no address."""

    status = 422
    code = "dns_failed"
    category = "params"
    message = Text("域名无法解析：{url}", "the host's name cannot be resolved: {url}")
    hint = Text("检查网址中的域名", "check the host's name")


class FetchTimeout(FetchError):
    """The host did not deliver within the deadline."""

    status = 504
    code = "fetch_timeout"
    category = "media"
    retryable = True
    message = Text("下载超时（{seconds} 秒）：{url}", "no complete answer in {seconds} s: {url}")
    hint = Text("稍后重试，或换一个更快的图床", "try again later or use a faster host")


class FetchFailed(FetchError):
    """The host could not be reached or did not speak proper HTTP."""

    status = 502
    code = "fetch_failed"
    category = "media"
    retryable = True
    message = Text("下载失败：{url}（{reason}）", "fetching failed: {url} ({reason})")
    hint = Text("检查该网址能否公开访问，稍后重试", "check that the URL is public; try again later")


class FetchRefused(FetchError):
    """The host answered that it will not give the picture (HTTP 4xx)."""

    status = 422
    code = "fetch_refused"
    category = "media"
    message = Text(
        "图床拒绝了请求：{url}（HTTP {http}{tried}）",
        "the host refused: {url} (HTTP {http}{tried_en})",
    )
    hint = Text(
        "确认图片存在且可公开访问；图床只认自己网站的访客（防盗链）时，把图片随文章一起上传",
        "check that it exists and is public; where only the site's own visitors get it (hot-link"
        " protection), send the file along",
    )


class HostBusy(FetchError):
    """The host asked for a pause (HTTP 429, 503) that is longer than a fetch may take."""

    status = 503
    code = "fetch_host_busy"
    category = "media"
    retryable = True
    message = Text("图床要求稍后再试：{url}", "the host asks to come back later: {url}")
    hint = Text(
        "稍后重试；经常如此时调小 fetch.connections_per_host",
        "try again later; if it happens often, lower fetch.connections_per_host",
    )


class ImageTooLarge(FetchError):
    """The picture has more bytes than may be read."""

    status = 422
    code = "image_too_large"
    category = "media"
    message = Text("图片超过 {limit} 字节：{url}", "the picture is over {limit} bytes: {url}")
    hint = Text("先压缩图片", "make the picture smaller")


class NotAnImage(FetchError):
    """What came is not a picture, whatever it calls itself."""

    status = 422
    code = "not_an_image"
    category = "media"
    message = Text("不是图片：{url}（{reason}）", "not a picture: {url} ({reason})")
    hint = Text(
        "支持 JPEG、PNG、GIF、WebP、BMP、AVIF", "supported: JPEG, PNG, GIF, WebP, BMP, AVIF"
    )
