from notify.senders.acs3 import acs3_headers, canonical_query


def test_the_example_of_the_documentation() -> None:
    # help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature, 固定参数示例.
    query = canonical_query(
        {
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        }
    )
    headers = acs3_headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query=query,
        nonce="3156853299f313e23d1673dc12e1703d",
        at=1_698_315_752,
        access_key_id="YourAccessKeyId",
        access_key_secret="YourAccessKeySecret",
    )
    assert headers["x-acs-date"] == "2023-10-26T10:22:32Z"
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_parameters_are_sorted_and_encoded_as_rfc_3986_says() -> None:
    assert canonical_query({"b": "a b*~/", "a": "字"}) == "a=%E5%AD%97&b=a%20b%2A~%2F"
