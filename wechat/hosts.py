"""WeChat's hosts. Source: developers.weixin.qq.com 接口域名说明, read 2026-11."""

API_HOSTS = (
    "api.weixin.qq.com",
    "api2.weixin.qq.com",
    "sh.api.weixin.qq.com",
    "sz.api.weixin.qq.com",
    "hk.api.weixin.qq.com",
)
MP_HOST = "mp.weixin.qq.com"  # showqrcode, and the pages of articles
