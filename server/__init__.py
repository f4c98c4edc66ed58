"""The process: settings, the composition root `app`, the URL table `routes`, the command line."""
