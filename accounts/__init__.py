"""Who: official accounts, API clients with their keys and scopes, and secrets at rest."""
