"""Who lives in the city: tables of vehicles, Mesa views of their rows, and what they decide."""
