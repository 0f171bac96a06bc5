"""Files of version 0.1, which call the treated arms by the treatment's own name, read and rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from meta.evidence.study_schema import Arm

CONTROLS = frozenset({"placebo", "sham", "comparator", "comparison", "usual care", "no treatment", "none"})
"""What nobody calls a treatment."""
ROLES: tuple[str, ...] = get_args(Arm.model_fields["role"].annotation)


def old_role(contents: Iterable[Mapping[str, Any]]) -> str | None:
    """The word that files of version 0.1 have for the role ``treatment``: the treatment's own name.

    It is taken for that where all files without an arm in the role ``treatment`` agree on one unknown word
    which is neither a misspelling of a role nor what a control may be called.

    >>> old_role([{"arms": [{"role": "zinc"}, {"role": "control"}]}])
    'zinc'
    >>> old_role([{"arms": [{"role": "contrl"}]}]), old_role([{"arms": [{"role": "placebo"}]}])
    (None, None)
    """
    roles = (_roles(content) for content in contents)
    words = sorted({role for found in roles if "treatment" not in found for role in found} - set(ROLES))
    if len(words) != 1 or words[0] in CONTROLS or get_close_matches(words[0], ROLES, n=1, cutoff=0.75):
        return None
    return words[0]


def with_new_role(content: dict[str, Any], word: str | None) -> dict[str, Any]:
    """The content of a study file with ``treatment`` in place of the old word.

    >>> with_new_role({"arms": [{"id": "a", "role": "zinc"}]}, "zinc")
    {'arms': [{'id': 'a', 'role': 'treatment'}]}
    """
    roles = _roles(content)
    if word is None or word not in roles or "treatment" in roles:
        return content
    arms = [
        arm | {"role": "treatment"} if isinstance(arm, dict) and arm.get("role") == word else arm
        for arm in content["arms"]
    ]
    return content | {"arms": arms}


def _roles(content: Mapping[str, Any]) -> set[str]:
    arms = content.get("arms")
    found = [arm.get("role") for arm in arms if isinstance(arm, dict)] if isinstance(arms, list) else []
    return {role for role in found if isinstance(role, str)}


def note_on(word: str) -> str:
    """What to say of files with the old word.

    >>> note_on("zinc")
    "the role 'zinc' of version 0.1 was read as 'treatment'; `meta check --fix` rewrites the files"
    """
    return f"the role {word!r} of version 0.1 was read as 'treatment'; `meta check --fix` rewrites the files"


def rewritten(text: str, word: str) -> str:
    """The text of a study file with the new role; everything else stays as it was typed.

    >>> rewritten('[[arms]]\\nid = "a"  # first\\nrole = "zinc"\\n', "zinc")
    '[[arms]]\\nid = "a"  # first\\nrole = "treatment"\\n'
    """
    import tomlkit

    document = tomlkit.parse(text)
    for arm in document.get("arms", []):
        if arm.get("role") == word:
            arm["role"] = "treatment"
    return tomlkit.dumps(document)
