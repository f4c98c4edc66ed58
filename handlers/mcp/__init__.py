"""What AI agents may do, as tools of the Model Context Protocol."""
