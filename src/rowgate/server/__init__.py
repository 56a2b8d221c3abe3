"""The one composition root: settings become pools, services, routes and workers; start and stop."""
