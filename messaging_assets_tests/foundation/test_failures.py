"""A failure has fields, and one function writes its sentence from them."""

from __future__ import annotations

import copy
import pickle

import pytest

from messaging_assets.foundation.failures import MendDescription, SyncFailure, TryAgainLater
from messaging_assets.reading.resume_point import CannotResume


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (MendDescription("no list came", "name it", where="chat.users"), "chat.users: no list came; name it."),
        (MendDescription("no list came", where="chat.users"), "chat.users: no list came."),
        (MendDescription("chat.users: no list came; name it."), "chat.users: no list came; name it."),
        (
            MendDescription("no list came", "name it", where="chat.users").adding("It is kept in a file."),
            "chat.users: no list came; name it. It is kept in a file.",
        ),
    ],
)
def test_the_sentence_says_where_what_and_what_to_do(failure: SyncFailure, sentence: str) -> None:
    assert str(failure) == str(copy.copy(failure)) == str(pickle.loads(pickle.dumps(failure))) == sentence


def test_a_failure_without_its_secrets_is_of_the_same_kind_and_has_no_traceback() -> None:
    with pytest.raises(CannotResume) as caught:
        raise CannotResume("s3cret is gone", "read on at s3cret", where="chat.users", is_anew=False).adding(
            "See s3cret."
        )

    hidden = caught.value.hidden(lambda text: text.replace("s3cret", "***"))

    assert str(hidden) == "chat.users: *** is gone; read on at ***. See ***."
    assert isinstance(hidden, CannotResume)
    assert not hidden.is_anew
    assert hidden.__traceback__ is None
    assert (hidden.where, hidden.what, hidden.next_step) == ("chat.users", "*** is gone", "read on at ***")


def test_a_failure_that_says_how_long_to_wait_keeps_that_without_its_secrets() -> None:
    busy = TryAgainLater("it is busy", "run it again", where="chat.users")
    busy.wait_seconds = 30.0
    hidden = busy.hidden(str.upper)
    assert isinstance(hidden, TryAgainLater)
    assert hidden.wait_seconds == 30.0
