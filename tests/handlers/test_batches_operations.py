from handlers.batches_operations import BATCH, REPORT
from handlers.openapi import ApiRoute, build_openapi


def test_files_come_along_beside_a_part_of_the_batch() -> None:
    async def create() -> None: ...

    async def report() -> None: ...

    routes = [
        ("/v1/accounts/{account}/batches", ApiRoute("POST", "/b", create, BATCH)),
        ("/v1/jobs/{job_id}/report", ApiRoute("GET", "/r", report, REPORT)),
    ]
    paths = build_openapi(routes, version="1", url="http://gate")["paths"]
    content = paths["/v1/accounts/{account}/batches"]["post"]["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"]["required"] == ["batch"]
    assert "get" in paths["/v1/jobs/{job_id}/report"]
