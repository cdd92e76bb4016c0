"""The outcome algebra holds for receipts in any order, any number of times."""

import random
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from hypothesis import given
from hypothesis import strategies as st

from project_one.delivery.domain import (
    Action,
    AttemptStatus,
    Cause,
    Facts,
    GiveUp,
    MessageStatus,
    Retry,
    RetryPolicy,
    after_refusal,
    best_of,
)

START = datetime(2026, 11, 24, 0, 29, 30, tzinfo=UTC)
moments = st.integers(0, 3600).map(lambda s: START + timedelta(seconds=s))
facts = st.one_of(
    st.builds(Facts, accepted_at=moments),
    st.builds(Facts, sent_at=moments),
    st.builds(Facts, delivered_at=moments),
    st.builds(Facts, read_at=moments),
    st.builds(Facts, unknown_at=moments),
    st.builds(Facts, failed_at=moments, code=st.integers(1, 999)),
)


@given(st.lists(facts, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(news: list[Facts], lot: random.Random) -> None:
    shuffled = [*news, *lot.sample(news, k=lot.randint(0, len(news)))]
    lot.shuffle(shuffled)
    assert reduce(or_, shuffled, Facts()) == reduce(or_, news, Facts())


@given(st.lists(facts, max_size=8), facts)
def test_a_delivery_is_never_taken_back(news: list[Facts], late: Facts) -> None:
    before = reduce(or_, news, Facts())
    if before.status in (AttemptStatus.DELIVERED, AttemptStatus.READ):
        assert (before | late).status in (AttemptStatus.DELIVERED, AttemptStatus.READ)


def test_a_failure_ends_what_was_only_sent() -> None:
    known = Facts(sent_at=START) | Facts(failed_at=START, code=131049)
    assert known.status is AttemptStatus.FAILED
    assert (known | Facts(read_at=START)).status is AttemptStatus.READ


def test_a_message_is_the_best_of_its_attempts() -> None:
    attempts = [Facts(failed_at=START, code=1), Facts(delivered_at=START), Facts(accepted_at=START)]
    assert best_of(attempts) is MessageStatus.DELIVERED
    assert best_of([Facts(unknown_at=START), Facts()]) is None


@given(st.sampled_from(Action), st.sampled_from(Cause), st.integers(1, 40), moments)
def test_no_retry_is_planned_past_the_close(action: Action, cause: Cause, attempts: int, now: datetime) -> None:
    closes_at = START + timedelta(minutes=30)
    decision = after_refusal(action, cause, attempts=attempts, now=now, closes_at=closes_at, policy=RetryPolicy())
    assert isinstance(decision, GiveUp) or now < decision.at < closes_at
    if action in (Action.GIVE_UP, Action.END_CONSENT):
        assert decision == GiveUp(cause)


def test_back_off_doubles() -> None:
    def wait(attempts: int) -> timedelta:
        decision = after_refusal(
            Action.RETRY,
            Cause.VENDOR_TROUBLE,
            attempts=attempts,
            now=START,
            closes_at=START + timedelta(hours=1),
            policy=RetryPolicy(),
        )
        assert isinstance(decision, Retry)
        return decision.at - START

    assert [wait(n).total_seconds() for n in (1, 2, 3, 9)] == [1, 2, 4, 30]
