"""The documents as tools and resources for assistants, by the Model Context Protocol; docs/assistants.md shows how."""
