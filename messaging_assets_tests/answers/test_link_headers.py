"""A Link header is read as RFC 8288 writes it, whatever stands between quotes or in an address."""

from __future__ import annotations

import pytest

from messaging_assets.answers.beside_list import address_in


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</x?page=2>; rel="next", </x?page=9>; rel=last', {"next": "/x?page=2", "last": "/x?page=9"}),
        ('</x?ids=1,2;3&page=2>;rel="Next prev"', {"next": "/x?ids=1,2;3&page=2", "prev": "/x?ids=1,2;3&page=2"}),
        ('</x>; title="a, b; rel=c \\"d\\""; rel = next', {"next": "/x"}),
        ('</a>, </b>; rel="next"; type="x"', {"next": "/b"}),
        ('/x?page=2; rel="next"', {"next": "/x?page=2"}),
        ("</x?page=2>; rel='next', </x?page=9>; rel='last'", {"next": "/x?page=2", "last": "/x?page=9"}),
        ("", {}),
        ("; , <", {}),
    ],
)
def test_each_relation_leads_to_its_address(header: str, expected: dict[str, str]) -> None:
    found = {relation: address_in(header, relation) for relation in ("next", "prev", "last")}
    assert {relation: address for relation, address in found.items() if address} == expected
