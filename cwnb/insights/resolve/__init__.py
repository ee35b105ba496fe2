"""What holds for a query of any language: names, scope, defaults."""
