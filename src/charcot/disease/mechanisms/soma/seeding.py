"""The one growth law that TDP-43, SOD1 and FUS share: autocatalysis against saturable clearance."""


def seeded_growth(load, rate, availability, clearance_margin, clearance_half):
    """Growth and clearance of a self-templating load between 0 and 1.

    growth = rate * availability * load * (1 - load); clearance = margin * rate * K * load / (K + load). Written with
    the margin relative to the growth rate, the load vanishes from below a threshold near K (margin / availability - 1).
    """
    growth = rate * availability * load * (1 - load)
    clearance = clearance_margin * rate * clearance_half * load / (clearance_half + load)
    return growth, clearance


def arriving_seeds(load, influx):
    """Seeds that other regions send count the less the more a region is loaded: influx (1 - load)^4.

    With (1 - load) alone, regions that fall later are fed by all others and fall twice as fast as the first one.
    """
    return influx * (1 - load) ** 2 * (1 - load) ** 2
