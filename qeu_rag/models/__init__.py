"""What writes the reply: the seam for local models and servers."""
