"""What `/openapi.json` says of the templates' routes."""

from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IF_MATCH, paging, query
from handlers.template_preview import PreviewAnswer, PreviewRequest, UnsavedPreview
from handlers.templates import DiffAnswer, Rollback, TemplateList, TemplateView
from templates.forms import NewTemplate, TemplateChanges, TemplateForm

_TAG = "templates"
_TEXT = "---\ntitle: {{ title }}\n---\n\n{% for item in items %}\n- {{ item }}\n{% endfor %}\n"
_VARIABLES = [{"name": "title", "max": 32}, {"name": "items", "type": "list", "min": 1}]
_FORM = {"text": _TEXT, "variables": _VARIABLES, "description": "周报", "note": "第一版"}
_VALUES = {"title": "第 48 周", "items": ["上线", "修复"]}

_READ = (401, 403, 404, 422, 503)
_PAGE = paging(200)

TEMPLATES = Operation(
    "模板列表 / templates",
    _TAG,
    answer=TemplateList,
    parameters=(
        query("kind", "类别 / kind", enum=["article", "message"]),
        query("q", "名称或说明中的文字 / part of a name or description"),
        *_PAGE,
    ),
    errors=(401, 403, 422, 503),
)
CREATE = Operation(
    "新模板 / a new template",
    _TAG,
    status=201,
    body=NewTemplate,
    answer=TemplateView,
    example={"name": "weekly", **_FORM},
    errors=(400, 401, 403, 409, 413, 415, 422, 503),
)
TEMPLATE = Operation(
    "一个模板，当前版本 / a template at the version in use", _TAG, answer=TemplateView, errors=_READ
)
SAVE = Operation(
    "存为新版本；没有则新建 / save a new version, or the first",
    _TAG,
    body=TemplateForm,
    answer=TemplateView,
    example=_FORM,
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
CHANGE = Operation(
    "只改给出的，存为新版本 / a new version, different in what is named",
    _TAG,
    body=TemplateChanges,
    answer=TemplateView,
    example={"description": "每周五的周报"},
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
REMOVE = Operation(
    "删除模板及其全部版本 / remove a template with all versions",
    _TAG,
    status=204,
    parameters=(
        IF_MATCH,
        query("force", "即使有定时任务或模板在用 / even if it is in use", type="boolean"),
    ),
    errors=(400, 401, 403, 404, 409, 422, 503),
)
VERSIONS = Operation(
    "全部版本，新的在前 / all versions, newest first",
    _TAG,
    answer=TemplateList,
    parameters=_PAGE,
    errors=_READ,
)
VERSION = Operation("一个版本 / a version", _TAG, answer=TemplateView, errors=_READ)
DIFF = Operation(
    "两个版本的差别 / what is different between two versions",
    _TAG,
    answer=DiffAnswer,
    parameters=(
        {
            **query("from", "从哪个版本 / from which version", type="integer", minimum=1),
            "required": True,
        },
        query(
            "to", "到哪个版本；默认当前 / to which; else the one in use", type="integer", minimum=1
        ),
    ),
    errors=_READ,
)
ROLLBACK = Operation(
    "以旧版本的内容存为新版本 / save an earlier version anew",
    _TAG,
    body=Rollback,
    answer=TemplateView,
    example={"version": 1},
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
PREVIEW = Operation(
    "试填模板 / try a template",
    _TAG,
    body=PreviewRequest,
    answer=PreviewAnswer,
    example={"variables": _VALUES},
    errors=(400, 401, 403, 404, 413, 415, 422, 503),
    limit="120/minute",
)
TRY = Operation(
    "试填未保存的模板 / try a template that is not saved",
    _TAG,
    body=UnsavedPreview,
    answer=PreviewAnswer,
    example={"template": _FORM, "variables": _VALUES},
    errors=(400, 401, 403, 413, 415, 422, 503),
    limit="120/minute",
)
