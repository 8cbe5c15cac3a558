"""From an API, or a document about it, to an API file.

found.py             what was found out, with a remark on each guess
probe.py             asks a live API: few requests, refusals are answers too
live.py              one list of a live API, found out from the first request to the last
paging.py            tries ways of paging and keeps the one whose second page joins the first
paging_signs.py      what an answer itself shows of links, cursors and counts
columns.py           columns, keys and cursors from sample rows
openapi_document.py  OpenAPI 3.0, 3.1 and Swagger 2 as one shape, references resolved
openapi_schema.py    response schemas to lists and columns
openapi.py           endpoints of such a document to resources, parents and children included
file_text.py         what was found, as commented YAML
first_pages.py       the first pages of a resource, read as a sync reads them and loaded nowhere
examination.py       what those pages say about an API file
"""
