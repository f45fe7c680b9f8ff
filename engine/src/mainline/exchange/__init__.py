"""What server and follower say to each other, held to its form at both ends."""
