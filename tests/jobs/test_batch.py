from jobs.batch import Batch, Policy
from tests.jobs.batches import article, tagging

POLICY = Policy(kind="articles", concurrency=3)


def of(*items: object, policy: Policy = POLICY, key: str | None = "k") -> Batch:
    return Batch.of(
        items,  # type: ignore[arg-type]
        policy,
        now=100.0,
        client_id="blog",
        account="main",
        idempotency_key=key,
    )


def test_the_batch_comes_first_and_its_items_are_held() -> None:
    parent, *items = [job.row for job in of(article("甲"), article("乙")).jobs(100.0)]
    assert parent.kind == "batch"
    assert parent.held  # no engine takes it
    assert parent.payload == {
        "kind": "articles", "concurrency": 3, "on_error": "continue", "files": 0
    }  # fmt: skip
    assert [(row.parent_id, row.position, row.held) for row in items] == [
        (parent.id, 0, True),
        (parent.id, 1, True),
    ]


def test_whoever_answers_for_it_needs_what_its_items_need() -> None:
    def action(*items: object) -> str:
        return of(*items).made[0].row.action

    assert action(article("甲")) == "draft"
    assert action(article("甲"), article("乙", action="publish")) == "publish"
    assert action(tagging("M")) == "material"
    everybody = {"to_all": True}
    assert action(article("甲"), article("乙", action="mass_send", mass=everybody)) == "mass_send"


def test_one_item_that_needs_approval_makes_all_of_it_wait() -> None:
    items = (article("甲"), article("乙", action="publish", needs_approval=True))
    parent = of(*items).made[0].row
    assert (parent.state, parent.approval) == ("waiting", "pending")


def test_the_same_batch_has_the_same_hash_and_another_has_not() -> None:
    said = of(article("甲"), article("乙")).body_hash()
    assert of(article("甲"), article("乙")).body_hash() == said
    others = (
        of(article("乙"), article("甲")),
        of(article("甲")),
        of(article("甲"), article("乙"), policy=Policy(kind="articles", concurrency=4)),
        of(article("甲"), article("乙", files={"a.png": b"1"})),
    )
    assert said not in {other.body_hash() for other in others}
