"""What a person gets: findings and explorations as text."""
