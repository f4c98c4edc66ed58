from notify.senders.tc3 import tc3_authorization


def test_the_example_of_the_documentation() -> None:
    # intl.cloud.tencent.com/zh/document/api/1021/34193 (签名方法 v3), its worked example.
    body = (
        b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    )
    assert tc3_authorization(
        service="cvm",
        headers={
            "host": "cvm.tencentcloudapi.com",
            "content-type": "application/json; charset=utf-8",
        },
        body=body,
        at=1_551_113_065,
        secret_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        secret_key="Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    ) == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request,"
        " SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )
