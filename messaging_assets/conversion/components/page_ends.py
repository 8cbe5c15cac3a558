"""What a condition of a manifest says of the last page, in the words of a paginator."""

from __future__ import annotations

import ast
from typing import Any

from messaging_assets.conversion.components.values import Ref, value_of
from messaging_assets.foundation.json_paths import quoted_path


def one_end(node: ast.expr, path: str, paginator: dict[str, Any], selector: Any) -> dict[str, Any] | None:
    """What one condition says; empty where the list ends so anyway, None where no word says it.

    Args:
        node: the condition.
        path: where the next page's token is.
        paginator: as it is so far.
        selector: where the records are.
    """
    text = ast.unparse(node)
    # A short or an empty page: an empty one is the end here, and a short one is none.
    if "last_page_size" in text or "last_record" in text or "| length" in text or "len(" in text:
        is_zero = text.replace(" ", "").endswith(("==0", "<1", "<=0")) or text.startswith("not ")
        takes = paginator["type"] in ("cursor", "json_link", "header_link")
        return {"stop_after_empty_page": True} if is_zero and takes else {}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return flag(value_of(node.operand), True, path, paginator, selector)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = value_of(node.left), value_of(node.comparators[0])
        if isinstance(node.ops[0], (ast.NotIn,)) and isinstance(left, str):
            return {}
        if isinstance(node.ops[0], (ast.Eq, ast.Is)) and isinstance(left, Ref):
            if right in (None, "", 0) and not isinstance(right, bool):
                return {} if _is_token(left, path) else None
            if isinstance(right, bool):
                return flag(left, not right, path, paginator, selector)
            if isinstance(right, str) and right.lower() in ("false", "true") and left.root == "headers":
                return flag(left, right.lower() == "false", path, paginator, selector)
            if isinstance(right, str) and left.root == "response" and left.path:
                return {"end_path": quoted_path(*left.path), "end_value": right}
        return {} if all(isinstance(one, Ref) and one.root == "response" for one in (left, right)) else None
    found = value_of(node)
    return {} if found is False else flag(found, False, path, paginator, selector)


def _is_token(found: Any, path: str) -> bool:
    own = found.name if found.root == "headers" else quoted_path(*found.path)
    return own == path or path.startswith(f"{own}.")


def flag(
    found: Any, goes_on_when_true: bool, path: str, paginator: dict[str, Any], selector: Any
) -> dict[str, Any] | None:
    """A truth value of the answer: whether there is more, or whether it is over; see `one_end`."""
    if not isinstance(found, Ref) or found.root not in ("response", "headers"):
        return None
    if _is_token(found, path):
        return {} if goes_on_when_true else None
    if found.root == "headers":
        return {"stop_after_empty_page": True} if paginator["type"] == "header_link" else None
    if not all(isinstance(one, str) for one in found.path):
        return None
    place = quoted_path(*found.path)
    if place == selector:
        return {"stop_after_empty_page": True} if paginator["type"] in ("cursor", "json_link", "header_link") else {}
    if goes_on_when_true and paginator["type"] in ("cursor", "offset", "page_number"):
        return {"has_more_path": place}
    return {"end_path": place, "end_value": False} if goes_on_when_true else {"end_path": place}
