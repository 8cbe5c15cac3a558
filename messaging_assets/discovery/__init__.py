"""From an API, or a document about it, to an API file.

found.py             what was found out, with a remark on each guess
live_api.py          an address and paths -> what was found, over one session
live.py              one list of a live API, found out from the first request to the last
probe.py             asks a live API: few requests, refusals are answers too
paging.py            tries ways of paging and keeps the one whose second page joins the first
paging_signs.py      what an answer itself shows of links, cursors and counts
columns.py           columns, keys and cursors from sample rows
openapi.py           endpoints of an API document -> what was found
openapi_document.py  OpenAPI 3.0, 3.1 and Swagger 2 as one shape, references resolved
openapi_schema.py    its response schemas as lists, columns, keys and paging
openapi_parents.py   which list gives the values that another one needs
openapi_security.py  its security schemes as ways of authentication
file_text.py         what was found, as commented YAML
first_pages.py       the first pages of a resource, read as a sync reads them and loaded nowhere
examination.py       what those pages say about an API file
"""
