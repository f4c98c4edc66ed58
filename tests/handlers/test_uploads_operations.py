from handlers.openapi import ApiRoute, build_openapi
from handlers.uploads_operations import UPLOAD


def test_an_upload_is_a_form_that_makes_something() -> None:
    async def answer() -> None: ...

    routes = [("/v1/files", ApiRoute("POST", "/files", answer, UPLOAD))]
    told = build_openapi(routes, version="1", url="http://gate")["paths"]["/v1/files"]["post"]
    assert told["requestBody"]["content"].keys() == {"multipart/form-data"}
    assert {"201", "413"} <= told["responses"].keys()
