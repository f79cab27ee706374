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
def other_markers(sod1_protein, muscle_mir126, muscle_mass, biomarker_mir126_muscle_share):
    """CSF SOD1 follows the protein and creatinine muscle; vesicles of muscle show its miR-126, of which serum, full of
    that of endothelium and platelets, shows little.

    Equation: CSF SOD1 = S; vesicles = mean Mm; serum miR-126 = 1 - w + w mean Mm; creatinine = mean muscle mass

    Sources: miller2020_tofersen, ionescu2025, atassi2014, mir126_endothelial, krammer2020
    """
    vesicles = mean(muscle_mir126)
    return {
        "biomarker.sod1_csf": sod1_protein,
        "biomarker.mir126_muscle_vesicles": vesicles,
        "biomarker.mir126_serum": 1 - biomarker_mir126_muscle_share + biomarker_mir126_muscle_share * vesicles,
        "biomarker.creatinine": mean(muscle_mass),
    }
