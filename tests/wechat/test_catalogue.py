from wechat.catalogue import load_catalogue


def test_every_row_of_the_table_is_there() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) == 441
    assert {endpoint.method for endpoint in catalogue} == {"GET", "POST"}
    assert "cgi-bin" in catalogue.first_segments
    assert "sns" in catalogue.first_segments


def test_writes_are_told_by_the_table_not_by_the_verb() -> None:
    catalogue = load_catalogue()
    reading_post = catalogue.find("/cgi-bin/draft/get")
    writing_get = catalogue.find("/cgi-bin/menu/delete")
    assert reading_post is not None
    assert writing_get is not None
    assert (reading_post.method, reading_post.write) == ("POST", False)
    assert (writing_get.method, writing_get.write) == ("GET", True)


def test_scopes_follow_family_and_kind() -> None:
    def scope(path: str) -> str:
        endpoint = load_catalogue().find(path)
        assert endpoint is not None
        return endpoint.scope

    assert scope("/cgi-bin/draft/get") == "relay:read"
    assert scope("/cgi-bin/draft/add") == "draft"
    assert scope("/cgi-bin/media/uploadimg") == "draft"
    assert scope("/cgi-bin/material/add_material") == "material"
    assert scope("/cgi-bin/media/upload") == "material"
    assert scope("/cgi-bin/freepublish/submit") == "publish"
    assert scope("/cgi-bin/message/mass/sendall") == "mass"
    assert scope("/cgi-bin/menu/create") == "relay:write"


def test_an_unlisted_path_is_unknown() -> None:
    assert load_catalogue().find("/cgi-bin/draft/add/") is None
    assert load_catalogue().find("/CGI-BIN/draft/add") is None
