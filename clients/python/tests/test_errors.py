from wxgate_client.errors import Refused


def test_a_refusal_says_its_code_where_it_has_no_words() -> None:
    refused = Refused({"code": "draft_gone"}, status=404)
    told = (refused.message, refused.hint, str(refused))
    assert told == ("draft_gone", "", "draft_gone: draft_gone")
