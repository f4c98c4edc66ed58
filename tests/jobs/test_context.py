from dataclasses import FrozenInstanceError, fields

import pytest

from jobs.context import JobsContext


def test_what_all_share_cannot_be_swapped_halfway() -> None:
    shared = JobsContext(*([None] * len(fields(JobsContext))))  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        shared.clock = None  # type: ignore[misc, assignment]
