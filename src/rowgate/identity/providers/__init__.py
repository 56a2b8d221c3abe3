"""One module per provider: how its configuration becomes issuers, its token classes, its claims, its words."""
