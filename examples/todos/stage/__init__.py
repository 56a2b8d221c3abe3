"""What the demo is made of: the processes it starts, the scenes it plays, and how it shows them."""
