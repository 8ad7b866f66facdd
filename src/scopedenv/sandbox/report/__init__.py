"""What a person gets: findings and explorations as text, pages, traces and diagrams."""
