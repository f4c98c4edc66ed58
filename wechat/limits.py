"""WeChat's figures, each with its source, used by the gateway, the renderer and the sandbox.

Source unless said otherwise: developers.weixin.qq.com, state after 2025-12-19, read 2026-11.
"""

from typing import Literal

# draft/add. Units are disputed (users met 64 bytes for the title): "strict" counts bytes.
TITLE_CHARS = 32
AUTHOR_CHARS = 16
DIGEST_CHARS = 128
DEFAULT_DIGEST_CHARS = 54  # what WeChat cuts from the text when no digest is given
CONTENT_CHARS = 20_000
CONTENT_BYTES = 1_000_000
SOURCE_URL_BYTES = 1_024
ARTICLES_PER_DRAFT = 8  # third parties' figure, unconfirmed
NEWSPIC_IMAGES = 20
PRODUCTS = 50  # of a newspic; of news nothing is known
# getcardinfo: 0 large, 1 small, 2 a link in the text, 3 a bar.
PRODUCT_CARDS = {"news": frozenset({0, 1, 2}), "newspic": frozenset({1, 2, 3})}

# Strict mode: the smallest figures that users reported.
STRICT_TITLE_BYTES = 64
STRICT_AUTHOR_BYTES = 20
STRICT_DIGEST_BYTES = 120
STRICT_NEWSPIC_BYTES = 2_000  # the page's "2 kb", most likely about a newspic's text; unconfirmed

LengthRule = Literal["text", "strict"]

# Pictures. "< 1 MB" for uploadimg: the safe reading is 1 000 000 bytes.
UPLOADIMG_BYTES = 1_000_000
UPLOADIMG_TYPES = frozenset({"image/jpeg", "image/png"})
MATERIAL_IMAGE_BYTES = 10_000_000
MATERIAL_IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp"})
THUMB_BYTES = 64_000
# media/upload: one page says 2 MB, another 10; what fits the smaller is taken either way.
TEMPORARY_IMAGE_BYTES = 2_000_000
TEMPORARY_IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif"})

# Tokens.
TOKEN_LIFE_S = 7_200
TOKEN_OVERLAP_S = 300  # after a rotation the previous token works this long
STABLE_TOKEN_MIN_LIFE_S = 300  # what a normal stable_token call always leaves
FORCED_REFRESH_GAP_S = 30
FORCED_REFRESHES_A_DAY = 20

# Calls a day of a new verified account (API_Call_Limits).
DAILY_QUOTAS = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/media/upload": 100_000,
    "/cgi-bin/media/get": 200_000,
    "/cgi-bin/draft/add": 1_000,
    "/cgi-bin/draft/get": 500,
    "/cgi-bin/draft/delete": 1_000,
    "/cgi-bin/draft/update": 1_000,
    "/cgi-bin/draft/count": 1_000,
    "/cgi-bin/draft/batchget": 1_000,
    "/cgi-bin/freepublish/submit": 100,
    "/cgi-bin/freepublish/get": 100,
    "/cgi-bin/freepublish/delete": 10,
    "/cgi-bin/freepublish/getarticle": 100,
    "/cgi-bin/freepublish/batchget": 100,
}
# So soon after midnight in Shanghai a 45009 may still be about the day before: our caution, no
# figure of WeChat's. Its clock is not ours, and everybody who waited calls at once.
QUOTA_RESET_LAG_S = 300
STABLE_TOKEN_A_MINUTE = 10_000
CLEARINGS_A_MONTH = 10  # clear_quota and clear_quota/v2 together, then 48006
PATH_CLEARINGS_A_MONTH = 50  # openapi/quota/clear

# Where WeChat keeps pictures; any other host in an article's img is thrown away.
IMAGE_HOSTS = frozenset({"mmbiz.qpic.cn", "mmbiz.qlogo.cn"})
