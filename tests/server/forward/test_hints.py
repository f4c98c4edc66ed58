import shlex

from server.forward.hints import HINTS


def test_what_is_to_be_filled_is_filled() -> None:
    for hint in HINTS.values():
        lines, undo = hint.fill("/x/ca.pem", "wxgate CA 1", "http://a:b@h:1", "h:1")
        assert "{" not in "\n".join([*lines, *undo])
        assert undo
        assert hint.title.zh
        assert hint.title.en


def test_java_is_told_host_and_port_apart() -> None:
    lines, _ = HINTS["java"].fill("/x/ca.pem", "ca", "http://a:b@[::1]:8081", "[::1]:8081")
    assert "-Dhttps.proxyHost=[::1] -Dhttps.proxyPort=8081" in lines[1]


def test_a_path_is_one_word_to_every_shell() -> None:
    ca = "/x/my 'own'; id #.pem"
    for system, hint in HINTS.items():
        lines, undo = hint.fill(ca, "wxgate CA 1", "http://a:b@h:1", "h:1")
        for line in (*lines, *undo):
            if "own" in line:
                quoted = f'"{ca}"' if system == "windows" else shlex.quote(ca)
                assert quoted in line
    lines, _ = HINTS["windows"].fill(r"C:\x\ca.pem", "wxgate CA 1", "http://a:b@h:1", "h:1")
    assert lines == [r"certutil -user -addstore Root C:\x\ca.pem"]
