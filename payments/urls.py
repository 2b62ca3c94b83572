from django.urls import path

from payments.views import checkout, invitations, orders, payouts, receipt, refunds, requests, sandbox, wallet, webhook

urlpatterns = [
    # Before the API's own addresses: a webhook is a raw body, not a call.
    path("api/webhooks/<str:provider>", webhook.receive, name="webhook"),
    path("sandbox/checkout/<slug:reference>", sandbox.page, name="sandbox_checkout"),
    path("checkout/<int:offering_id>", checkout.page, name="checkout"),
    path("checkout/requests/<uuid:request_id>", requests.page, name="checkout_request"),
    path("checkout/return/<uuid:order_id>", orders.back, name="checkout_return"),
    path("checkout/orders/<uuid:order_id>", orders.show, name="order"),
    path("checkout/orders/<uuid:order_id>/end", orders.end, name="order_end"),
    path("checkout/orders/<uuid:order_id>/refund", refunds.ask, name="refund_ask"),
    path("tutor/orders/<uuid:order_id>/refund", refunds.refund, name="refund_sale"),
    path("tutor/orders/<uuid:order_id>/refund/decline", refunds.decline, name="refund_decline"),
    path("tutor/invite", invitations.invite, name="invite"),
    path("checkout/orders/<uuid:paid_id>/receipt", receipt.page, name="receipt"),
    path("checkout/orders/<uuid:paid_id>/receipt.pdf", receipt.pdf, name="receipt_pdf"),
    path("tutor/wallet", wallet.wallet, name="wallet"),
    path("tutor/wallet/statement.csv", wallet.download, name="wallet_statement"),
    path("tutor/wallet/payouts", payouts.ask, name="payout_request"),
    path("tutor/wallet/details", payouts.details, name="payout_details"),
]
