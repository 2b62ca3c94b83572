"""One session: its page, and a noun for each thing that can be done about it."""

from django.urls import path

from mentorship.pages import session_claim, session_page, session_proposal, session_verbs

SESSION = "mentorship/session/<uuid:session_id>"

urlpatterns = [
    path(SESSION, session_page.session_page, name="session"),
    path(f"{SESSION}/presence", session_page.presence, name="session_presence"),
    path(f"{SESSION}/entry", session_verbs.entry, name="session_entry"),
    path(f"{SESSION}/move", session_verbs.move, name="session_move"),
    path(f"{SESSION}/cancellation", session_verbs.cancellation, name="session_cancellation"),
    path(f"{SESSION}/completion", session_verbs.completion, name="session_completion"),
    path(f"{SESSION}/no-show", session_verbs.no_show_page, name="session_no_show"),
    path(f"{SESSION}/forgiveness", session_verbs.forgiveness, name="session_forgiveness"),
    path(f"{SESSION}/claim", session_claim.claim_page, name="session_claim"),
    path(f"{SESSION}/claim/agreement", session_claim.agreement, name="session_claim_agreement"),
    path(f"{SESSION}/claim/answer", session_claim.claim_answer, name="session_claim_answer"),
    path(f"{SESSION}/claim/withdrawal", session_claim.claim_withdrawal, name="session_claim_withdrawal"),
    path(f"{SESSION}/proposal", session_proposal.proposal_page, name="session_proposal"),
    path(f"{SESSION}/proposal/acceptance", session_proposal.acceptance, name="session_proposal_acceptance"),
    path(f"{SESSION}/proposal/rejection", session_proposal.rejection, name="session_proposal_rejection"),
    path(f"{SESSION}/proposal/withdrawal", session_proposal.proposal_withdrawal, name="session_proposal_withdrawal"),
]
