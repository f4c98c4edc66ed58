"""The forward proxy: tools whose host cannot be set reach the relay by CONNECT."""
