"""What is wrong, for how long, and who knows: alerts, and what watches for them."""
