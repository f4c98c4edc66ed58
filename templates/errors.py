from core.errors import GatewayError, Text


class TemplateUnknown(GatewayError):
    """There is no such template, or no such version of it."""

    status = 404
    code = "template_unknown"
    category = "params"
    message = Text("没有模板 {template}", "there is no template {template}")
    hint = Text(
        "有哪些见 wxgate templates list（GET /v1/templates）",
        "wxgate templates list (GET /v1/templates) has them",
    )


class TemplateMissing(GatewayError):
    """What was sent names a template that is not there."""

    status = 422
    code = "template_missing"
    category = "params"
    message = Text("没有模板 {template}", "there is no template {template}")
    hint = Text(
        "写成 名称 或 名称@版本；有哪些见 wxgate templates list（GET /v1/templates）",
        "write name or name@version; wxgate templates list (GET /v1/templates) has them",
    )


class TemplateKindWrong(GatewayError):
    """An article is made by templates of articles alone."""

    status = 422
    code = "template_kind_wrong"
    category = "params"
    message = Text(
        "{template} 是 {kind} 模板，这里要 {wanted} 模板",
        "{template} is a template of kind {kind}, not {wanted}",
    )
    hint = Text("换一个模板", "take another template")


class TemplateExists(GatewayError):
    """The name is taken."""

    status = 409
    code = "template_exists"
    category = "params"
    message = Text("已有模板 {template}", "there is a template {template} already")
    hint = Text("换个名字，或用 PUT 存为新版本", "take another name, or PUT a new version")


class TemplateInvalid(GatewayError):
    """A template cannot be saved, or parsed, as it is."""

    status = 422
    code = "template_invalid"
    category = "content"
    message = Text(
        "模板 {template} 第 {line} 行有误：{zh}", "template {template}, line {line}: {en}"
    )
    hint = Text(
        "语法与可用的过滤器见 docs/zh/templates.md",
        "syntax and filters are in docs/en/templates.md",
    )


class TemplateFailed(GatewayError):
    """A template could not be filled in."""

    status = 422
    code = "template_failed"
    category = "content"
    message = Text(
        "模板 {template} 第 {line} 行填充失败：{zh}", "template {template}, line {line}: {en}"
    )
    hint = Text(
        "改正模板或变量；用 /v1/templates/{template}/preview 试",
        "mend the template or its variables; /v1/templates/{template}/preview tries it",
    )


class TemplateInUse(GatewayError):
    """Schedules or other templates need it."""

    status = 409
    code = "template_in_use"
    category = "params"
    message = Text("模板 {template} 正被使用：{users}", "template {template} is used by {users}")
    hint = Text(
        "先改掉它们；确定要删就加 ?force=true", "change them first; ?force=true removes it anyway"
    )


class VariableInvalid(GatewayError):
    """A value does not fit the variable that the template declares."""

    status = 422
    code = "template_variable_invalid"
    category = "params"
    message = Text("变量 {name}：{zh}", "variable {name}: {en}")
    hint = Text(
        "模板的变量见 GET /v1/templates/{template}",
        "GET /v1/templates/{template} tells the variables",
    )
