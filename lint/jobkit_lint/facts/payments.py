"""Calls that move money. The value is what the call does, as a verb for messages."""

from __future__ import annotations

from itertools import product

from jobkit_lint.facts.patterns import PathTable

_STRIPE = {
    "Charge": {"create": "charge", "capture": "capture a charge"},
    "PaymentIntent": {"create": "create a payment", "confirm": "charge", "capture": "capture a payment"},
    "Refund": {"create": "refund"},
    "Transfer": {"create": "transfer", "create_reversal": "reverse a transfer"},
    "Payout": {"create": "pay out", "reverse": "reverse a payout"},
    "Invoice": {"pay": "charge", "create": "invoice"},
    "InvoiceItem": {"create": "bill an item"},
    "Subscription": {"create": "subscribe"},
    "Topup": {"create": "top up"},
    "CreditNote": {"create": "credit"},
    "Order": {"pay": "charge"},
    "SubscriptionSchedule": {"create": "subscribe"},
}
_STRIPE_SERVICES = {
    "charges": "Charge",
    "payment_intents": "PaymentIntent",
    "refunds": "Refund",
    "transfers": "Transfer",
    "payouts": "Payout",
    "invoices": "Invoice",
    "invoice_items": "InvoiceItem",
    "subscriptions": "Subscription",
    "topups": "Topup",
    "credit_notes": "CreditNote",
    "subscription_schedules": "SubscriptionSchedule",
}


def _stripe() -> dict[str, str]:
    found: dict[str, str] = {}
    for resource, methods in _STRIPE.items():
        for (method, verb), ending in product(methods.items(), ("", "_async")):
            found[f"stripe.{resource}.{method}{ending}"] = verb
            found[f"stripe.{resource}.*().{method}{ending}"] = verb
            found[f"stripe.{resource}().{method}{ending}"] = verb
    for (service, resource), prefix in product(_STRIPE_SERVICES.items(), ("", "v1.")):
        for (method, verb), ending in product(_STRIPE[resource].items(), ("", "_async")):
            found[f"stripe.StripeClient().{prefix}{service}.{method}{ending}"] = verb
    found["stripe.Charge.*().refund"] = "refund"
    return found


PAYMENTS: PathTable[str] = PathTable(
    {
        **_stripe(),
        "braintree.Transaction.sale": "charge",
        "braintree.Transaction.refund": "refund",
        "braintree.Transaction.submit_for_settlement": "settle a charge",
        "braintree.BraintreeGateway().transaction.sale": "charge",
        "braintree.BraintreeGateway().transaction.refund": "refund",
        "braintree.BraintreeGateway().transaction.submit_for_settlement": "settle a charge",
        "braintree.Subscription.create": "subscribe",
        "braintree.BraintreeGateway().subscription.create": "subscribe",
        "Adyen.Adyen().checkout.payments": "charge",
        "Adyen.Adyen().checkout.payments_api.payments": "charge",
        "Adyen.Adyen().checkout.modifications_api.*": "change a payment",
        "Adyen.Adyen().payment.*": "charge",
        "Adyen.Adyen().payout.*": "pay out",
        "paypalrestsdk.Payment().create": "create a payment",
        "paypalrestsdk.Payment().execute": "charge",
        "paypalrestsdk.Payment.find().execute": "charge",
        "paypalrestsdk.Capture.find().refund": "refund",
        "paypalrestsdk.Sale.find().refund": "refund",
        "paypalrestsdk.Authorization.find().capture": "capture a payment",
        "paypalrestsdk.Payout().create": "pay out",
        "square.Square().payments.create": "charge",
        "square.Square().refunds.refund_payment": "refund",
        "square.client.Client().payments.create_payment": "charge",
        "square.client.Client().refunds.refund_payment": "refund",
        "razorpay.Client().payment.capture": "capture a payment",
        "razorpay.Client().payment.refund": "refund",
        "razorpay.Client().transfer.create": "transfer",
        "razorpay.Client().refund.create": "refund",
        "mollie.api.client.Client().payments.create": "create a payment",
        "mollie.api.client.Client().payment_refunds.create": "refund",
        "gocardless_pro.Client().payments.create": "charge",
        "gocardless_pro.Client().payouts.create": "pay out",
        "gocardless_pro.Client().refunds.create": "refund",
        "dwollav2.Client().Token().post": "transfer",
        "authorizenet.apicontrollers.createTransactionController().execute": "charge",
    }
)

# keywords and header names by which a provider recognises a repeated request
KEY_WORDS = ("idempot", "request_id", "request-id", "requestid", "cko-idempotency", "nonce_key")
