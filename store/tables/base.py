from sqlalchemy import JSON, MetaData

metadata = MetaData()
# JSON as text on PostgreSQL too: JSONB refuses NUL characters, which an article may hold.
Json = JSON(none_as_null=True)
