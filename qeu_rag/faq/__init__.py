"""Lists of questions and answers: approving them, keeping them true, and what the documents do not say yet."""
