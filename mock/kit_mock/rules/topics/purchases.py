"""Rules of purchases."""

from kit_mock.rules.groups import PURCHASES
from kit_mock.rules.rule import Rule

TITLE = "Purchases"
_CREATE = "create_purchase"

RULES = (
    Rule("bought", "reference", _CREATE, "A purchase is shown with the values that it was created with: 201."),
    Rule(
        "purchase_envelope",
        "seen",
        _CREATE,
        "The fields of a purchase stand in an object `purchase` or at the top level.",
        reference='a body `{"purchase": {…}}`',
        document="`purchase` is required",
    ),
    Rule(
        "bad_purchase",
        "reference",
        _CREATE,
        "A purchase without products, or with a blank transaction or currency, is a 422.",
        document="`transaction_id` is not blank",
    ),
    Rule(
        "wording_of_purchases",
        "chosen",
        _CREATE,
        "Errors of a purchase are worded like the reference's `Transaction cannot be blank`.",
    ),
    # -------------------- A transaction that is posted again
    Rule(
        "bought_more",
        "seen",
        _CREATE,
        "A transaction that is known is a 201 again, and its products are added.",
        reference="`transaction_id` is unique",
        document="201 all the same; not safe to repeat; prose",
    ),
    Rule(
        "repeated_amounts",
        "chosen",
        _CREATE,
        "Amounts of a known transaction are replaced by those of the request; buyer, status, currency and time stay.",
    ),
    Rule(
        "repeated_lines",
        "chosen",
        _CREATE,
        "Each `lid` of a request differs from the others; the same request again doubles the lines, as at Kit.",
    ),
    # -------------------- Sums and values
    Rule(
        "sums",
        "chosen",
        _CREATE,
        "Without sums, the subtotal is that of the products, and the total is the subtotal with tax and shipping, less the"
        " discount.",
    ),
    Rule(
        "currencies",
        "reference",
        _CREATE,
        "A currency is a code of three ASCII letters.",
        document="`currency` is three letters",
    ),
    Rule(
        "currencies_in_small_letters",
        "chosen",
        _CREATE,
        "A currency may be in small letters, which are shown as capitals, and need not exist.",
        document="three letters",
    ),
    Rule("largest_amounts", "chosen", _CREATE, "A number of a purchase is at most a quadrillion."),
    # -------------------- Products
    Rule(
        "product_needs",
        "chosen",
        _CREATE,
        "A purchase has at least one product, and a product's `name`, `pid` and `lid` are not blank.",
        document="at least one in `products`; not blank",
    ),
    Rule(
        "product_ids",
        "seen",
        _CREATE,
        "`pid` and `lid` are optional, and may be numbers; they are shown as texts.",
        document="optional in `NewPurchaseProduct`, nullable in `PurchaseProduct`; strings",
        switches=("today_fields",),
    ),
    Rule(
        "what_a_product_is",
        "chosen",
        _CREATE,
        "A product belongs to the account and is known by its `pid`, or by its name if it has none.",
    ),
    Rule(
        "product_events",
        "chosen",
        _CREATE,
        "Webhooks of a product fire once a request, those of the purchase when it is new.",
    ),
    # -------------------- The buyer
    Rule("buyer", "chosen", _CREATE, "A new buyer becomes a subscriber, with the first name that was sent."),
    Rule(
        "known_buyers",
        "chosen",
        _CREATE,
        "A known buyer is updated as by `create_subscriber`.",
    ),
    Rule("address_of_the_buyer", "chosen", PURCHASES, "A purchase shows the address that the buyer has now."),
    Rule(
        "first_name_of_the_buyer",
        "reference",
        _CREATE,
        "`first_name` of the buyer is taken.",
        reference="`first_name` in the body",
        service="no longer listed by the later docs",
        document="stays, as the reference has it",
    ),
    # -------------------- What the service gained
    Rule(
        "purchases_of_today",
        "later docs",
        PURCHASES,
        "A purchase has `subscriber_id` and `source`.",
        document="optional in `Purchase`",
        switches=("today_fields",),
    ),
    Rule(
        "sources_of_purchases",
        "chosen",
        PURCHASES,
        "The source of a purchase is `api`, unless a seed says otherwise.",
        switches=("today_fields",),
    ),
)
