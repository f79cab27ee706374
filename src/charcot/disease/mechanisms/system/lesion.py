"""The primary lesion: where disease begins under a rival of the shipped account (row 12)."""

from charcot.model.mechanism import mechanism


@mechanism(row="12 onset")
def primary_lesion(lesion_load, lesion_growth_rate, spread_lesion_influx, person_tempo):
    """The last step to disease may plant something else than misfolded protein: a lesion that grows where it is.

    Equation: dL/dt = (tempo k L + influx) (1 - L). What L does is a number of each hypothesis
    (``lesion.loss_of_translation``, ``lesion.loss_of_mir126``, ``lesion.loss_of_energy``, ``lesion.autoreactivity``),
    all zero as shipped.

    Sources: free
    """
    return {
        "d/dt lesion.load": (person_tempo * lesion_growth_rate * lesion_load + spread_lesion_influx) * (1 - lesion_load)
    }


@mechanism(row="12 onset")
def lesion_harm(lesion_load, lesion_loss_of_translation, lesion_loss_of_energy):
    """What the lesion of a rival hypothesis costs the axon.

    Equation: translation factor = 1 - a L; harm to energy = b L

    Sources: free
    """
    return {
        "axon.translation_factor": 1 - lesion_loss_of_translation * lesion_load,
        "axon.harm": lesion_loss_of_energy * lesion_load,
    }
