from django.urls import path

from mentorship.pages import requests_ask, requests_offer, requests_page

REQUEST = "mentorship/requests/<uuid:request_id>"

urlpatterns = [
    path("mentorship/offerings/<int:offering_id>/request", requests_ask.ask_page, name="ask"),
    path("tutor/mentorship/schedule/offer", requests_offer.offer_page, name="custom_offer"),
    path(REQUEST, requests_page.request_page, name="request"),
    path(f"{REQUEST}/approval", requests_page.approval, name="request_approval"),
    path(f"{REQUEST}/rejection", requests_page.rejection, name="request_rejection"),
    path(f"{REQUEST}/suggestion", requests_page.suggestion, name="request_suggestion"),
    path(f"{REQUEST}/acceptance", requests_page.acceptance, name="request_acceptance"),
    path(f"{REQUEST}/withdrawal", requests_page.withdrawal, name="request_withdrawal"),
]
