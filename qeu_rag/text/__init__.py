"""What a text is: its language, sentences and terms, and the numbers, dates, units and negations that must be exact."""
