from core.errors import GatewayError, Text


class ImageError(GatewayError):
    """A picture that cannot be had, and says why."""


class ImageSourceForbidden(ImageError):
    """The article names a picture that no sender may name."""

    status = 422
    code = "image_source_forbidden"
    category = "media"
    message = Text("不允许的图片来源：{picture}", "this picture source is not allowed: {picture}")
    hint = Text(
        "使用 http(s) 网址，或随文章一起上传、以相对路径引用的文件",
        "use an http(s) URL, or a file sent along and named by its relative path",
    )


class ImageFileMissing(ImageError):
    """The article names a file that was not sent along."""

    status = 422
    code = "image_file_missing"
    category = "media"
    message = Text("文章引用的图片没有上传：{picture}", "this picture was not sent: {picture}")
    hint = Text(
        "wxgate publish：检查路径，或从更上一级的目录运行；"
        "HTTP：把图片文件作为与 Markdown 中路径同名的部分一起上传",
        "wxgate publish: check the path, or run it from further up; "
        "HTTP: send the file along as a part named by the path in the Markdown",
    )


class ImageInvalid(ImageError):
    """The bytes are no intact picture."""

    status = 422
    code = "image_invalid"
    category = "media"
    message = Text("图片已损坏，无法解码：{picture}", "the picture is broken: {picture}")
    hint = Text("重新导出这张图片", "export the picture anew")


class ImageTypeUnsupported(ImageError):
    """A kind of picture that we do not decode; `kind` names it, where its first bytes tell."""

    status = 422
    code = "image_type_unsupported"
    category = "media"
    message = Text(
        "不支持的图片格式（{kind}）：{picture}", "unsupported kind of picture ({kind}): {picture}"
    )
    hint = Text("转换为 JPEG 或 PNG", "convert it to JPEG or PNG")


class ImageExtraMissing(ImageError):
    """A kind of picture that an optional package decodes, and it is not installed."""

    status = 422
    code = "image_extra_missing"
    category = "media"
    message = Text(
        "这种图片需要可选组件 {extra}：{picture}",
        "this kind of picture needs the extra {extra}: {picture}",
    )
    hint = Text(
        "安装后重启网关：pip install 'wxgate[{extra}]'；或先转换为 JPEG、PNG",
        "pip install 'wxgate[{extra}]' and restart, or convert the picture to JPEG or PNG first",
    )


class ImageTooManyPixels(ImageError):
    """By its header the picture is larger than anything an article can show."""

    status = 422
    code = "image_too_many_pixels"
    category = "media"
    message = Text(
        "图片尺寸过大（{width}×{height}）：{picture}",
        "the picture is too large ({width}×{height}): {picture}",
    )
    hint = Text(
        "上限为 4000 万像素、单边 16384 像素", "the limit is 40 megapixels and 16384 px a side"
    )


class ImageTooComplex(ImageError):
    """Decoding took more time or memory than any honest picture needs."""

    status = 422
    code = "image_too_complex"
    category = "media"
    message = Text("图片过于复杂，解码超出限制：{picture}", "decoding takes too much: {picture}")
    hint = Text("重新导出这张图片（非渐进式）", "export the picture anew, not progressive")


class ImageCannotFit(ImageError):
    """No encoding of the picture is within WeChat's limit."""

    status = 422
    code = "image_cannot_fit"
    category = "media"
    errcode = 40009
    message = Text(
        "图片无法压缩到 {limit} 字节以内：{picture}",
        "the picture cannot be made smaller than {limit} bytes: {picture}",
    )
    hint = Text("先裁剪或缩小这张图片", "crop or scale it down first")
