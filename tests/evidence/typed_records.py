"""Committed studies as somebody would type them: flat names and text, for the tests of entering."""

from meta.evidence.columns import RESULT, STATISTIC, STUDY


def at(content, path):
    """What stands at a path such as arms.0.mean; None if nothing does."""
    for part in path.split("."):
        if isinstance(content, list | tuple):
            content = content[int(part)] if int(part) < len(content) else None
        elif isinstance(content, dict):
            content = content.get(part)
        if content is None:
            return None
    return content


def typed(value, decimals=None):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(map(typed, value))
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return str(value)


def study_record(study):
    """The study's own fields; ids of arms are those that follow from the control."""
    content = study.model_dump(exclude_unset=True)
    record = {name: at(content, path) for name, path in STUDY.items()}
    return {name: typed(value) for name, value in record.items() if value not in (None, "", (), [])}


def result_record(study, result):
    content = result.model_dump(exclude_unset=True)
    record = {name: at(content, path) for name, path in RESULT.items() if name != "compared"}
    statistic = content["statistic"]
    kind = statistic["kind"]
    order = [arm.id for arm in study.arms]
    arms = {order.index(arm["arm"]): arm for arm in statistic.get("arms", ())}
    if "per_1000" in statistic:
        statistic = {**statistic, "per_1000": list(statistic["per_1000"].values())}
    if arms:
        statistic = {**statistic, "arms": [arms.get(i, {}) for i in range(len(order))]}
    for name, path in STATISTIC[kind].items():
        value = at(statistic, path)
        if name.startswith("percent") and value is not None:
            part = arms[int(name[-1]) - 1]
            value = typed(value, part.get("decimals", 1))
        record[name] = value
    for number, arm in enumerate(study.arms[:2], start=1):
        if f"n{number}" not in STATISTIC[kind] and arm.n_analysed:
            record[f"n{number}"] = arm.n_analysed
    names = {order[0]: "treatment", order[-1]: "control"}
    compared = "both" if len(result.arms) == len(order) else names[result.arms[0]]
    record |= {"kind": kind, "compared": compared}
    return {name: typed(value) for name, value in record.items() if value not in (None, "", ())}
