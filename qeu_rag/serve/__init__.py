"""One process that serves one home to a team: a page for colleagues and an API for programs; docs/api.md has the routes."""
