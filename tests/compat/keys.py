"""Keys that may do less than KEY."""

WRITER_KEY = "wxg_writer_0123456789abcdefghijklmn"  # drafts, no publishing
READER_KEY = "wxg_reader_0123456789abcdefghijklmn"  # no drafts either
WRONG_KEY = "wxg_blog_" + "x" * 24
