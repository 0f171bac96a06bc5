"""Effects and heterogeneity of standardised mean differences in Cochrane reviews: numbers only.

By medical subfield: scale and degrees of freedom of the effect's Student t around zero, shape and scale of
the inverse gamma of tau (not tau2), from Bartos et al. 2021, doi:10.1002/sim.9170. The numbers were
taken from the transcription that the paper's first author publishes in the R package BayesTools, whose two
copies seen agree; not from the printed page. The like for binary and time-to-event outcomes (Bartos et al.
2023, arXiv:2306.11468) were not seen and are not here.
"""

from __future__ import annotations

COCHRANE_GENERAL = (0.43, 5.0, 1.71, 0.4)

COCHRANE: dict[str, tuple[float, float, float, float]] = {
    "acute respiratory infections": (0.38, 5.0, 1.73, 0.46),
    "airways": (0.38, 6.0, 2.02, 0.28),
    "anaesthesia": (0.55, 4.0, 1.62, 0.64),
    "back and neck": (0.37, 5.0, 1.75, 0.57),
    "bone, joint and muscle trauma": (0.4, 5.0, 1.52, 0.28),
    "colorectal": (0.51, 5.0, 1.64, 0.56),
    "common mental disorders": (0.55, 5.0, 1.62, 0.45),
    "consumers and communication": (0.4, 5.0, 1.56, 0.14),
    "cystic fibrosis and genetic disorders": (0.47, 5.0, 1.7, 0.45),
    "dementia and cognitive improvement": (0.45, 5.0, 1.71, 0.44),
    "developmental, psychosocial and learning problems": (0.18, 5.0, 1.43, 0.12),
    "drugs and alcohol": (0.33, 5.0, 1.89, 0.28),
    "effective practice and organisation of care": (0.39, 5.0, 1.71, 0.35),
    "emergency and critical care": (0.39, 5.0, 1.62, 0.29),
    "ENT": (0.43, 5.0, 1.85, 0.48),
    "eyes and vision": (0.4, 6.0, 1.86, 0.41),
    "gynaecological, neuro-oncology and orphan cancer": (0.45, 5.0, 1.67, 0.46),
    "gynaecology and fertility": (0.38, 5.0, 1.78, 0.46),
    "heart": (0.42, 5.0, 1.83, 0.47),
    "hepato-biliary": (0.6, 4.0, 1.56, 0.58),
    "HIV/AIDS": (0.43, 5.0, 1.73, 0.44),
    "hypertension": (0.48, 3.0, 2.01, 0.38),
    "incontinence": (0.33, 6.0, 1.64, 0.36),
    "infectious diseases": (0.59, 2.0, 1.28, 0.44),
    "inflammatory bowel disease": (0.4, 5.0, 1.76, 0.39),
    "injuries": (0.35, 5.0, 1.8, 0.34),
    "kidney and transplant": (0.54, 5.0, 1.72, 0.53),
    "metabolic and endocrine disorders": (0.43, 5.0, 1.71, 0.37),
    "methodology": (0.49, 5.0, 1.72, 0.51),
    "movement disorders": (0.42, 5.0, 1.88, 0.33),
    "musculoskeletal": (0.45, 6.0, 1.87, 0.38),
    "neonatal": (0.42, 5.0, 1.68, 0.38),
    "oral health": (0.51, 5.0, 1.79, 0.28),
    "pain, palliative and supportive care": (0.43, 5.0, 1.69, 0.42),
    "pregnancy and childbirth": (0.33, 5.0, 1.86, 0.32),
    "public health": (0.33, 5.0, 1.76, 0.23),
    "schizophrenia": (0.29, 4.0, 1.6, 0.27),
    "sexually transmitted infections": (0.42, 5.0, 1.7, 0.59),
    "skin": (0.48, 5.0, 1.64, 0.51),
    "stroke": (0.48, 5.0, 1.71, 0.4),
    "tobacco addiction": (0.44, 4.0, 1.73, 0.42),
    "Upper GI and Pancreatic Diseases": (0.45, 5.0, 1.76, 0.38),
    "urology": (0.44, 5.0, 1.73, 0.45),
    "vascular": (0.46, 5.0, 1.66, 0.5),
    "work": (0.42, 5.0, 1.76, 0.39),
    "wounds": (0.56, 5.0, 1.54, 0.41),
}
