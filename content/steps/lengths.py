from content.lint.lengths import over_limits
from content.manuscript import Manuscript


def check_lengths(manuscript: Manuscript) -> None:
    """Hold the article against WeChat's limits, so that nothing is uploaded in vain.

    Raises the first refusal; a lint tells them all.
    """
    for finding in over_limits(manuscript):
        finding.refuse()
        manuscript.warn(finding.rule.id, *finding.texts(finding.rule.message), field=finding.field)
