"""The steps of the pipeline, a file a step; `pipeline` has their order."""
