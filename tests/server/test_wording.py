from collections.abc import AsyncIterator

import pytest

from content.template_work import TemplateWork
from content.workers import WorkerLimits, WorkerPool
from notify.events import EVENTS
from server.wording import TemplateWords
from store.engine import Database
from templates.errors import TemplateKindWrong, TemplateMissing, VariableInvalid
from tests.templates.library import ALICE, NOW, book_of, form

JOB = {
    "account": "main",
    "job_id": "job_1",
    "title": "[周报](https://evil.test)",
    "url": "https://gate.test/j",
}


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    made = WorkerPool(WorkerLimits(), size=1)
    yield made
    await made.aclose()


@pytest.fixture
def words(database: Database, pool: WorkerPool) -> TemplateWords:
    return TemplateWords(database, TemplateWork(pool), clock=lambda: NOW)


async def test_every_event_has_words_in_both_languages(words: TemplateWords) -> None:
    for event in EVENTS:
        for language in ("zh", "en"):
            made = await words.of_event(event, JOB, language)
            assert made.template == ("event" if language == "zh" else "event-en")
            assert "job_1" in made.text
            assert "[周报](" not in made.markdown
            assert 'href="https://gate.test/j"' in made.html
            assert "evil.test" in made.subject  # as it was typed


async def test_the_end_of_a_thing_does_not_read_like_its_beginning(words: TemplateWords) -> None:
    data = {"account": "main", "key": "main", "severity": "critical", "alert_id": "alr_1"}
    began = await words.of_event("account.ip_refused", {**data, "over": False}, "zh")
    ended = await words.of_event("account.ip_refused", {**data, "over": True}, "zh")
    assert began.subject == "【紧急】IP 不在微信白名单（40164）：main"
    assert ended.subject == "已解除：IP 不在微信白名单（40164）：main"
    assert "API IP 白名单" in began.text
    assert "API IP 白名单" not in ended.text
    for made in (began, ended):
        assert "告警：alr_1" in made.text
        assert "key：" not in made.text
        assert "over：" not in made.text
    english = await words.of_event("account.ip_refused", {**data, "over": True}, "en")
    assert english.subject.startswith("Over: ")


async def test_what_a_template_cannot_take_ends_in_plain_words(words: TemplateWords) -> None:
    made = await words.of_event("job.failed", {"title": "长" * 30_000}, "zh")
    assert made.template is None
    assert made.subject == "任务失败"


async def test_a_template_named_after_the_event_is_used(
    words: TemplateWords, database: Database
) -> None:
    text = "---\nsubject: 出错了 {{ account }}\n---\n{{ job_id }} {{ facts | length }}"
    variables = [{"name": "job_id"}, {"name": "facts", "type": "list"}]
    saved = form(text, *variables, kind="message")
    await book_of(database).save("event-job-needs-review", saved, ALICE)
    made = await words.of_event("job.needs_review", JOB, "zh")
    assert (made.subject, made.text) == ("出错了 main", "job_1 3")
    assert (made.template, made.template_version) == ("event-job-needs-review", 1)
    assert made.variables["job_id"] == "job_1"
    other = await words.of_event("job.needs_review", JOB, "en")
    assert other.template == "event-en"


async def test_somebodys_own_template_wants_its_variables(
    words: TemplateWords, database: Database
) -> None:
    made = await words.of_template("notice", {"title": "好", "text": "**b**"}, "zh")
    assert (made.subject, made.text) == ("好", "b")
    with pytest.raises(VariableInvalid):
        await words.of_template("notice", {"title": "好"}, "zh")
    with pytest.raises(TemplateKindWrong):
        await words.of_template("weekly-report", {}, "zh")
    with pytest.raises(TemplateMissing):
        await words.of_template("nope", {}, "zh")
