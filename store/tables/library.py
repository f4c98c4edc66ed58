"""What WeChat holds: uploaded pictures, drafts, publications, materials."""

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from store.tables.base import Json, metadata

uploaded_image = Table(
    "uploaded_image",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),  # article, cover, material or thumb
    Column("value", Text, nullable=False),  # the URL on WeChat's host, or the media_id
    Column("created_at", Double, nullable=False),
)
Index("ix_uploaded_image_value", uploaded_image.c.account, uploaded_image.c.value)

# What WeChat holds for an account, as it was last seen: WeChat's own lists cannot be searched.
library = Table(
    "library",
    metadata,
    # The id first: else SQLite would read by account and kind in this key's order, and sort.
    Column("id", String(160), primary_key=True),  # media_id or article_id
    Column("account", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),  # draft, publication, material
    Column("type", String(16), nullable=False),  # news, newspic; image, voice, video
    Column("title", Text, nullable=False),  # of the first article, or the file's name
    Column("search", Text, nullable=False),  # all titles, authors and digests, lower-case
    Column("url", Text, nullable=False),
    Column("update_time", Double, nullable=False),  # by WeChat's clock
    Column("facts", Json, nullable=False),  # what else is shown of it
    Column("job_id", String(40)),  # the job that made it
    Column("seen_at", Double, nullable=False),
)
# All that lists look for, in their order, as of jobs.
Index(
    "ix_library_list",
    *(library.c.account, library.c.kind, library.c.update_time, library.c.id),
    *(library.c.type, library.c.search),
)

# When a list of WeChat's was last read so far that nothing was missing.
library_sync = Table(
    "library_sync",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("shelf", String(16), primary_key=True),  # draft, publication; of materials the type
    # How many more WeChat counted than it showed, when the list was last read whole.
    Column("hidden", Integer, nullable=False),
    Column("synced_at", Double, nullable=False),
)

# Words that people filed things under: jobs, drafts, publications, materials.
tag = Table(
    "tag",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("subject", String(160), primary_key=True),
    Column("name", String(32), primary_key=True),
)
Index("ix_tag_name", tag.c.kind, tag.c.name, tag.c.account, tag.c.subject)
