"""What blood and cerebrospinal fluid show (row 13)."""

from charcot.model.algebra import log, mean, total
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="13 biomarkers")
def neurofilament(
    biomarker_nfl_csf,
    pool_loss_flux,
    person_age,
    biomarker_nfl_normal,
    biomarker_nfl_age_share,
    biomarker_nfl_age_reference,
    biomarker_nfl_per_loss,
    biomarker_nfl_half_life,
    biomarker_nfl_serum_to_csf,
):
    """Dying neurons and degenerating endings release neurofilament, which rises before onset.

    Equation: dNfL/dt = ln2 / t_half [N0 (1 - a + a age / 60) + c loss - NfL]; serum = ratio * CSF

    Sources: benatar2019, paris2022, csf_nfl_2020, nfl_china
    """
    normal = biomarker_nfl_normal * (
        1 - biomarker_nfl_age_share + biomarker_nfl_age_share * person_age / biomarker_nfl_age_reference
    )
    released = biomarker_nfl_per_loss * total(pool_loss_flux)
    return {
        "d/dt biomarker.nfl_csf": log(2) / biomarker_nfl_half_life * (normal + released - biomarker_nfl_csf),
        "biomarker.nfl_serum": biomarker_nfl_serum_to_csf * biomarker_nfl_csf,
    }


@mechanism(scope="person", row="13 biomarkers")
def other_markers(sod1_protein, muscle_mir126, muscle_mass):
    """CSF SOD1 follows the protein, serum miR-126 and creatinine follow muscle.

    Equation: CSF SOD1 = S; serum miR-126 = mean Mm; creatinine = mean muscle mass

    Sources: miller2020_tofersen, ionescu2025, atassi2014
    """
    return {
        "biomarker.sod1_csf": sod1_protein,
        "biomarker.mir126_serum": mean(muscle_mir126),
        "biomarker.creatinine": mean(muscle_mass),
    }
