"""Where a run stands, as the pages say it that are written while it trains."""

from typing import NamedTuple

REFRESH = 10  # seconds after which an open browser loads a page again that will be written again
GO_ON = "The same command with the same folder goes on from the newest checkpoint."


class Standing(NamedTuple):
    """What a page says of a run.

    Attributes:
        word: the beginning of its title.
        said: what follows from it.
        is_under_way: whether the page will be written again.
    """

    word: str
    said: str
    is_under_way: bool = False

    @property
    def refresh(self) -> int:
        """Of its page (`parts.Page`), seconds."""
        return REFRESH if self.is_under_way else 0


TRAINING = Standing(
    "Training",
    "This page is written again as training goes on, and an open browser shows it then. If the time of writing stays"
    f" as it is, the program has ended without a word. {GO_ON}",
    is_under_way=True,
)
EVALUATED_NEXT = Standing(
    "Trained", "The evaluation is under way; its report takes the place of this page.", is_under_way=True
)
TRAINED = Standing("Trained", "The same command without --mode=train evaluates it.")
TRAINED_MEMBER = Standing("Trained", "It is evaluated when all members of the detector are trained.")


def stopped(reason: str) -> Standing:
    """Of a training that has ended early. reason: an error's line; empty: it was asked to stop."""
    return Standing("Stopped", f"It ended with: {reason}. {GO_ON}" if reason else GO_ON)


def not_evaluated(reason: str) -> Standing:
    """Of a run that is trained, but whose evaluation has ended early; `reason` as for `stopped`."""
    because = f" with: {reason}" if reason else ""
    return Standing("Trained", f"The evaluation ended early{because}. The same command evaluates it again.")
