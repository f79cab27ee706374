"""The library of twins: each eligible person simulated once untreated and once in each arm, for all replicates."""
