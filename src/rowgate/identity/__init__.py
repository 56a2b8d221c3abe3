"""Who is asking: issuers, key sets, verification, roles, meter, explain."""
