"""The till: baskets, discounts, shipping and tax, all in whole cents."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

FREE_SHIPPING_FROM = 5_000
SHIPPING = 595
# Tax on top of price and shipping, by where the parcel goes; shares of orders are equal.
TAX_RATES = (
    Decimal(0),
    Decimal("0.0600"),
    Decimal("0.0625"),
    Decimal("0.0725"),
    Decimal("0.08875"),
)


@dataclass(frozen=True, slots=True)
class Product:
    """`weight`: how often it is put in a basket, relative to the others."""

    sku: str
    product_id: int
    price: int
    weight: int
    is_gift_card: bool = False


SERUM = Product("SERUM-30", 8_200_000_000_101, 3_800, 46)
PRODUCTS = (
    SERUM,
    Product("SERUM-15", 8_200_000_000_102, 2_200, 12),
    Product("CLEANSER-100", 8_200_000_000_103, 2_400, 13),
    Product("CREAM-50", 8_200_000_000_104, 3_400, 13),
    Product("MIST-100", 8_200_000_000_105, 1_900, 9),
    Product("GLOW-SET", 8_200_000_000_106, 7_200, 7),
)
GIFT_CARD = Product("GIFT-50", 8_200_000_000_199, 5_000, 0, is_gift_card=True)


@dataclass(slots=True)
class Line:
    """One line of a basket: total = price × quantity − discount."""

    product: Product
    quantity: int
    discount: int = 0
    tax: int = 0
    returned: int = 0

    @property
    def gross(self) -> int:
        return self.product.price * self.quantity

    @property
    def total(self) -> int:
        return self.gross - self.discount


def fill_basket(u: list[float], *, wants_serum: bool, has_gift_cards: bool = True) -> list[Line]:
    """Choose products by eight uniform numbers; who comes for the launch takes the serum."""
    first = SERUM if wants_serum and u[0] < 0.7 else _choose(u[1])
    lines = [Line(first, 2 if u[2] < 0.09 else 1)]
    if u[3] < 0.42:
        second = _choose(u[4])
        if second is not first:
            lines.append(Line(second, 1))
    if has_gift_cards and not wants_serum and u[5] < 0.012:
        card = Line(GIFT_CARD, 1)
        lines = [card] if u[6] < 0.5 else [*lines, card]
    return lines


def price_basket(
    lines: list[Line], rate: Decimal | None, tax_rate: Decimal, *, ships: bool, free_shipping: bool
) -> tuple[int, int]:
    """Put discount and tax on the lines; return shipping and its tax (cents).

    Gift cards are neither discounted nor taxed. Each line is rounded half up to the cent.
    """
    for line in lines:
        if not line.product.is_gift_card:
            line.discount = share(line.gross, rate) if rate is not None else 0
            line.tax = share(line.total, tax_rate)
    goods = sum(line.total for line in lines)
    parcel = any(not line.product.is_gift_card for line in lines)
    shipping = (
        SHIPPING if ships and parcel and goods < FREE_SHIPPING_FROM and not free_shipping else 0
    )
    return shipping, share(shipping, tax_rate)


def share(cents: int, rate: Decimal) -> int:
    """Return `rate` of an amount in whole cents, rounded half up."""
    return int((cents * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _choose(u: float) -> Product:
    rest = u * sum(product.weight for product in PRODUCTS)
    for product in PRODUCTS:
        rest -= product.weight
        if rest < 0:
            return product
    return SERUM
