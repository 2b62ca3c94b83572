"""Close a mentor: sales off, every mentorship ended one by one, the line told. Restartable at any row."""
