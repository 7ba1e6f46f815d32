"""Which addresses may be fetched from: the public Internet's."""

from ipaddress import ip_address, ip_network

# What carries an IPv4 address inside another one, or leads to where the machine itself decides: whatever
# stands in them, nothing on the public Internet is only to be found there.
_REFUSED = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # Carriers' own networks, and clouds' services.
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays.
        "198.18.0.0/15",
        "::/96",  # IPv4-compatible.
        "::ffff:0:0/96",  # IPv4-mapped.
        "64:ff9b::/96",  # NAT64.
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo among others.
        "2001:db8::/32",
        "2002::/16",  # 6to4.
        "fc00::/7",
        "fec0::/10",
    )
)


def is_public(address: str) -> bool:
    """Whether an address, IPv4 or IPv6 in digits, is one of the public Internet's. Nothing else is one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if found.is_multicast or found.is_reserved or not found.is_global:
        return False
    return not any(found.version == network.version and found in network for network in _REFUSED)
