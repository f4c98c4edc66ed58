"""HTTP in, HTTP out: a file a resource, `errors` renders every failure."""
