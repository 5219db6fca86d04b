"""What experiments on images share."""
