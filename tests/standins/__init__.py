"""Stand-ins for services, on loopback: moto, and what moto does not do."""
