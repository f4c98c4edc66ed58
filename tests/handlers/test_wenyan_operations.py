from handlers import wenyan_operations as about
from handlers.openapi import ApiRoute, build_openapi
from handlers.operations import ARTICLE


def test_an_upload_is_a_form_and_a_publish_call_names_it() -> None:
    async def answer() -> None: ...

    routes = [
        ("/wenyan/upload", ApiRoute("POST", "/upload", answer, about.UPLOAD)),
        ("/wenyan/publish", ApiRoute("POST", "/publish", answer, about.PUBLISH)),
    ]
    paths = build_openapi(routes, version="1", url="http://gate")["paths"]
    upload = paths["/wenyan/upload"]["post"]["requestBody"]["content"]
    assert upload.keys() == {"multipart/form-data"}
    assert paths["/wenyan/publish"]["post"]["requestBody"]["content"].keys() == {"application/json"}


def test_an_article_is_handed_in_no_more_often_than_at_v1() -> None:
    assert about.PUBLISH.limit == ARTICLE.limit != ""
