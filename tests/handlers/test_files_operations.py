from handlers.files_operations import MISSING, PUT
from handlers.openapi import ApiRoute, build_openapi


def test_a_file_is_put_as_it_is_and_may_be_there_already() -> None:
    async def put() -> None: ...

    async def ask() -> None: ...

    routes = [
        ("/v1/files/{sha256}", ApiRoute("PUT", "/files/{sha256}", put, PUT)),
        ("/v1/files/missing", ApiRoute("POST", "/files/missing", ask, MISSING)),
    ]
    paths = build_openapi(routes, version="1", url="http://gate")["paths"]
    told = paths["/v1/files/{sha256}"]["put"]
    assert told["requestBody"]["content"].keys() == {"application/octet-stream"}
    assert told["responses"]["200"] == told["responses"]["201"]
    assert paths["/v1/files/missing"]["post"]["requestBody"]["content"].keys() == {
        "application/json"
    }
