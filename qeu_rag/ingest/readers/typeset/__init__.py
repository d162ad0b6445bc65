"""What signs say: raised and lowered text, symbols, equations, formats of numbers and dates."""
