"""Claims, their estimands, and the verdicts on them."""
