"""Language and sentiment of comments, without the network and without keeping their text.

Two small libraries that hold their models in the package: py3langid tells the language, VADER
(Hutto & Gilbert, ICWSM 2014) the sentiment of English. No offline lexicon of that quality exists
for the other languages, so their sentiment stays NULL: unknown, not neutral. A text too short to
tell is unknown, too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from include.warehouse.connection import connect
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

# Languages of the markets these campaigns run in; fewer candidates make short texts clearer.
LANGUAGES = (
    "ar", "da", "de", "en", "es", "fr", "he", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru",
    "sv", "tr", "uk", "zh",
)  # fmt: skip
SCORED_LANGUAGE = "en"
LEAST_CONFIDENCE = 0.6
# VADER reads this sign as a blaze; under a post it is praise, so it says nothing.
MISREAD_SIGNS = ("🔥", "💀", "😭")
# Part of `model_version`: raise it when the rules above change.
RULES = 1
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class CommentScore:
    """`language_code` is ISO 639-1 or None; `sentiment` -1 to 1, None unless English."""

    language_code: str | None
    sentiment: float | None


def model_version() -> str:
    """Name what scores: both packages with their versions, and the rules here."""
    packages = " ".join(f"{name} {version(name)}" for name in ("vaderSentiment", "py3langid"))
    return f"{packages} rules {RULES}"


def score_comment(text: str) -> CommentScore:
    """Tell language and sentiment of one comment; a text without letters has neither."""
    if not any(sign.isalpha() for sign in text):
        return CommentScore(None, None)
    language, confidence = _language_of()(text)
    if confidence < LEAST_CONFIDENCE:
        return CommentScore(None, None)
    if language != SCORED_LANGUAGE:
        return CommentScore(language, None)
    for sign in MISREAD_SIGNS:
        text = text.replace(sign, " ")
    return CommentScore(language, _polarity_of()(text))


def score_comments(dsn: str) -> int:
    """Score the comments that have no score of this model, forget those that are gone.

    Reads `intermediate.int_comments`, writes `analysis.comment_scores` in one transaction. `dsn` is
    the transformer's. Return the number of comments scored. Raise `Unavailable` when the warehouse
    cannot be asked.
    """
    model, scored = model_version(), 0
    with (
        transient_errors(),
        connect(dsn) as connection,
        connection.cursor(name="changed") as changed,
    ):
        changed.itersize = BATCH
        changed.execute(_CHANGED, [model])
        while rows := changed.fetchmany(BATCH):
            values, gone = [], []
            for platform, comment_id, text_hash, text, is_gone in rows:
                if is_gone:
                    gone.append((platform, comment_id))
                    continue
                score = score_comment(text or "")
                told = (score.language_code, score.sentiment, model)
                values.append((platform, comment_id, text_hash, *told))
            with connection.cursor() as cursor:
                cursor.executemany(_FORGET, gone)
                cursor.executemany(_STORE, values)
            scored += len(values)
    log.info("scored %s comments with %s", scored, model)
    return scored


@cache
def _language_of() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    found: Callable[[str], tuple[str, float]] = identifier.classify
    return found


@cache
def _polarity_of() -> Callable[[str], float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return lambda text: float(analyzer.polarity_scores(text)["compound"])


# One pass over the comments finds both what has no score and what has no comment any more.
_CHANGED = """
select
    coalesce(comments.platform, scores.platform) as platform,
    coalesce(comments.comment_id, scores.comment_id) as comment_id,
    comments.text_hash,
    comments.comment_text,
    comments.comment_id is null as is_gone
from intermediate.int_comments as comments
full outer join analysis.comment_scores as scores
    on comments.platform = scores.platform and comments.comment_id = scores.comment_id
where
    comments.comment_id is null
    or scores.comment_id is null
    or scores.text_hash <> comments.text_hash
    or scores.model_version <> %s
order by 1, 2
"""
_FORGET = "delete from analysis.comment_scores where platform = %s and comment_id = %s"
_STORE = """
insert into analysis.comment_scores (
    platform, comment_id, text_hash, language_code, sentiment_score, model_version
) values (%s, %s, %s, %s, round(%s::numeric, 4), %s)
on conflict (platform, comment_id) do update set
    text_hash = excluded.text_hash,
    language_code = excluded.language_code,
    sentiment_score = excluded.sentiment_score,
    model_version = excluded.model_version,
    scored_at = excluded.scored_at
"""
