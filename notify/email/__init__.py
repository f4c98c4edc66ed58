"""Mail: what is written (addresses, headers, mime), and the accounts that carry it (a pool).

`sender` joins them. One attempt at one account is `session`, what a server's reply means is
`replies`, who is next and who is disabled is `pool`.
"""
