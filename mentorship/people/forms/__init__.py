from mentorship.people.forms.account import ProfileForm, SignupForm
from mentorship.people.forms.mentor import ApplicationForm, MentorForm

__all__ = ["ApplicationForm", "MentorForm", "ProfileForm", "SignupForm"]
