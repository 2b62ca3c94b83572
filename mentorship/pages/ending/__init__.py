"""A mentorship ends: by the mentor or support (what is unused goes back), or by the student (asked for, or given up)."""
