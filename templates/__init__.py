"""Templates of articles and messages: their versions, and what they are filled with."""
