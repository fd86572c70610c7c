"""Language and sentiment of comments: what is scored, what stays unknown."""

from __future__ import annotations

import pytest

from include import sentiment
from include.sentiment import score_comment


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("I love this serum, my skin is great", 1),
        ("Bought it and I hate the smell", -1),
        # A blaze to the lexicon, praise under a post.
        ("This is what my skin needs right now 🔥🔥🔥", 0),
        ("Does it work for dry skin?", 0),
    ],
)
def test_english_comments_have_a_sentiment(text, sign):
    score = score_comment(text)
    assert score.language_code == "en"
    assert score.sentiment is not None
    assert (score.sentiment > 0.05) - (score.sentiment < -0.05) == sign


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist wirklich ein tolles Serum, ich liebe es", "de"),
        ("Me encanta este producto, es muy bueno para la piel", "es"),
        ("أحببته كثيرا", "ar"),
        ("רציתי לנסות הרבה זמן", "he"),
    ],
)
def test_other_languages_are_told_and_not_scored(text, language):
    score = score_comment(text)
    assert score.language_code == language
    assert score.sentiment is None


@pytest.mark.parametrize("text", ["", "🔥🔥🔥", "!!!", "123", "omg"])
def test_what_is_too_short_to_tell_is_unknown(text):
    assert score_comment(text) == sentiment.CommentScore(None, None)


def test_the_model_names_packages_and_rules():
    assert sentiment.model_version().startswith("vaderSentiment 3.3.2 py3langid ")
    assert sentiment.model_version().endswith(f" rules {sentiment.RULES}")
