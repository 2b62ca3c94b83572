from mentorship.people.models.mentor import MentorProfile, Topic
from mentorship.people.models.user import User

__all__ = ["MentorProfile", "Topic", "User"]
