"""The pytest hooks of jobkit; they import the rest of the plugin only when a test asks for it."""
