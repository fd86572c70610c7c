"""What people write under posts: some a word that fits any post, most a sentence of their own.

An honest audience repeats itself little; sentences put together from parts keep it so, which the
signs of a bought audience (generic and repeated comments) are measured against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

# Of 256 comments so many are a stock phrase of the platform, and so many a word that fits any post.
STOCK, SHORT = 20, 52
REMARKS = ("Love it", "So pretty!", "Stunning", "wow 😍", "Beautiful", "yes!", "Nice one", "❤️❤️")
OPENINGS = (
    "My sister swears by this", "I finished my second bottle", "Tried it after your last video",
    "Been looking for something like this", "Used it every night in October",
    "Did not expect much", "You convinced me", "I have very dry skin",
    "My cheeks react to everything", "Saw this at a friend's place", "Third week in",
    "I usually skip serums", "Coming from a drugstore brand", "Honest question",
    "Just back from vacation", "Bought two in the sale",
)  # fmt: skip
MIDDLES = (
    "and the texture is lighter than I thought", "but it pills under my sunscreen",
    "and my makeup sits better", "though the scent fades quickly",
    "and the redness went down", "but the dropper leaks", "and it lasts longer than the old one",
    "and I only need three drops", "but shipping took nine days",
    "and the refill idea is great", "though I would love a bigger size",
    "and my dermatologist approves", "but I am not sure about the price",
    "and my husband keeps stealing it", "and no breakouts so far",
    "but it stings a little at first", "and it sinks in within a minute",
    "though the cap broke on day two",
)  # fmt: skip
ENDINGS = (
    "anyone else?", "is that normal?", "thanks for the tip!", "will report back.",
    "what do you pair it with?", "so happy right now 😊", "we will see.",
    "ordering again next month.", "how long did yours last?", "worth it for me.",
    "not for everyone I guess.", "please make a travel size.",
    "does it work over retinol?", "my mum wants one too.", "still deciding.",
    "best part of my routine.",
)  # fmt: skip


def say(key: str, phrases: Sequence[str]) -> str:
    """Return the text of a comment: the same for the same key, `phrases` are the stock ones."""
    mark = hashlib.blake2b(key.encode(), digest_size=8).digest()
    if mark[0] < STOCK:
        return phrases[mark[1] % len(phrases)]
    if mark[0] < STOCK + SHORT:
        return REMARKS[mark[1] % len(REMARKS)]
    parts = (OPENINGS, MIDDLES, ENDINGS)
    opening, middle, ending = (p[m % len(p)] for p, m in zip(parts, mark[2:5], strict=True))
    return f"{opening} {middle}, {ending}"
