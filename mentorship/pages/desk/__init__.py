"""The support desk: one box, one timeline, and verbs that show what they will do before they do it. In the admin."""
