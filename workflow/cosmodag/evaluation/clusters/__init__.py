"""Groups of examples in spaces of few numbers: found, kept, drawn, and set against labels."""
