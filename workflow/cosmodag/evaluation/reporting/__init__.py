"""What runs came to, told as one page and as a table."""
