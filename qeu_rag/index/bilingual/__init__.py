"""The Japanese half of the default embedder: word vectors in the space of all-MiniLM-L6-v2, and how texts are made of them."""
