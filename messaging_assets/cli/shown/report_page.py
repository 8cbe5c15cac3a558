"""The report as one HTML page: no script, no address of another server, every text of others escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from messaging_assets.cli.shown.report_charts import bars, mark, moment, share, strip
from messaging_assets.cli.shown.report_facts import DAYS, ApiFacts, ResourceFacts
from messaging_assets.cli.status import ago, named
from messaging_assets.orchestration.asset_status import AssetStatus

_MOST_SYNCS, _MOST_REASONS, _MOST_SLOW = 30, 8, 8
_STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b1f24;--quiet:#59636e;--line:#d5dae0;
--good:#13693a;--bad:#b3261e;--doubt:#7a5200;--bar:#3d6fb4}
@media(prefers-color-scheme:dark){:root{--page:#12151a;--card:#1b2027;--text:#e7eaee;--quiet:#a3adb8;--line:#37404a;
--good:#6fd39a;--bad:#ff9a91;--doubt:#f0c265;--bar:#7da9e6}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:76rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0 0}h2{font-size:1.25rem;margin:2rem 0 .25rem}h3{font-size:1.05rem;margin:0}
h4{font-size:.85rem;margin:.9rem 0 .25rem;color:var(--quiet);font-weight:600}
p{margin:.25rem 0}.quiet{color:var(--quiet)}
.sums{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;padding:0;margin:.75rem 0;list-style:none;font-weight:600}
.cards{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));margin-top:.75rem}
.card,.alarm{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;min-width:0}
.alarm{border-left:.4rem solid var(--bad);margin:.5rem 0}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;align-items:baseline}
.state{font-weight:600;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .75rem;margin:.75rem 0 0;font-size:.925rem}
dt{color:var(--quiet)}dd{margin:0}
.mark{stroke:currentColor;fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
svg.mark{width:1em;height:1em;vertical-align:-.12em;margin-right:.35em}
.good{color:var(--good)}.bad{color:var(--bad)}.doubt{color:var(--doubt)}.plain{color:var(--quiet)}
.strip{display:flex;flex-wrap:wrap;gap:3px}
svg.boxed{width:22px;height:22px;padding:2px;margin:0;border:1px solid var(--line);border-radius:4px}
.apis{display:grid;gap:0 1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr))}
.apis section{min-width:0}.apis .many{grid-column:1/-1}figure{margin:0}.bars{width:100%;height:3.5rem;display:block}
.bar{fill:var(--bar)}.column{fill:transparent}.column:hover{fill:var(--line)}.axis{stroke:var(--line)}
figcaption{display:flex;justify-content:space-between;color:var(--quiet);font-size:.8rem}
ol,ul{margin:.25rem 0;padding-left:1.2rem;font-size:.925rem}
table{border-collapse:collapse;width:100%;font-size:.925rem}td,th{text-align:left;padding:.3rem .5rem .3rem 0;
border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;white-space:nowrap}
.share{width:100%;min-width:4rem;height:.6rem;display:block;margin-top:.4rem}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.85rem;color:var(--quiet)}
@media(max-width:40rem){.wide{display:none}}
"""


def page(apis: Sequence[ApiFacts], broken: Mapping[str, str], now: datetime, instead: str | None = None) -> str:
    """The whole page.

    Args:
        apis: what is known of each API.
        broken: what is wrong with files, by the API's name.
        now: when it is made, in UTC.
        instead: why it shows other APIs than those of the project, if it does.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Tables from APIs</title><style>{_STYLE}</style></head><body><main>"
        f"{''.join(_parts(apis, broken, now, instead))}</main></body></html>\n"
    )


def _parts(apis: Sequence[ApiFacts], broken: Mapping[str, str], now: datetime, instead: str | None) -> Iterator[str]:
    every = [one for api in apis for one in api.resources]
    yield f"<h1>Tables from APIs</h1><p class=quiet>As it was at {moment(now)}. Days are days in UTC.</p>"
    if instead:
        yield f"<p>{escape(instead)}</p>"
    states = Counter(_state(one.status) for one in every)
    sums = "".join(f"<li>{mark(kind)}{count} {words}</li>" for (kind, words), count in states.items())
    yield f"<ul class=sums>{sums}</ul>"
    yield from _alarms(every, broken)
    yield f"{_legend()}<div class=apis>"
    for api in apis:
        yield f"<section{' class=many' if len(api.resources) > 1 else ''}><h2>{escape(api.name)}</h2>"
        if api.description:
            yield f"<p class=quiet>{escape(api.description)}</p>"
        if api.trouble:
            yield f"<p class=alarm>What its destination knows is missing here: {escape(api.trouble)}</p>"
        yield f"<div class=cards>{''.join(_card(one, now) for one in api.resources)}</div></section>"
    yield f"</div>{_slowest(every)}"


def _alarms(every: Sequence[ResourceFacts], broken: Mapping[str, str]) -> Iterator[str]:
    """What somebody has to look at, as sentences."""
    for name, words in broken.items():
        yield f"<p class=alarm>{mark('failed')}<b>{escape(name)}</b>: its file is wrong. {escape(words)}</p>"
    for one in every:
        if not one.status.is_wrong:
            continue
        told = [one.status.reason.rstrip(".")] if one.status.reason else []
        loud = [check for check, severity in one.status.failed_checks.items() if severity == "ERROR"]
        checks = [f"check {check} failed" for check in loud]
        if one.status.state == "stale":
            told.append(f"it was synced {_ago(one)} ago, and is to be {one.fresh_hours:g} h old at most")
        words = "; ".join([*told, *checks]) or one.status.state
        kind = one.status.state if one.status.state in ("failed", "stale") else "failed"
        yield f"<p class=alarm>{mark(kind)}{escape(named(one.status.asset, words))}</p>"


def _legend() -> str:
    words = {
        "proven": "proven: nothing can be missing",
        "read to the end": "read to the end",
        "unknown": "unknown: there are doubts",
        "failed": "failed",
        "replayed": "records set aside were loaded",
    }
    return f"<p class=legend>{''.join(f'<span>{mark(kind)}{text}</span>' for kind, text in words.items())}</p>"


def _state(status: AssetStatus) -> tuple[str, str]:
    """An asset's mark and words, which are green only where every check passed."""
    if status.state != "synced" or not status.failed_checks:
        return status.state, status.state
    return ("failed", "check failed") if "ERROR" in status.failed_checks.values() else ("unknown", "in doubt")


def _card(one: ResourceFacts, now: datetime) -> str:
    status = one.status
    kind, state = _state(status)
    lines = {
        "last sync": f"{_ago(one)} ago" if status.lag_seconds is not None else "none",
        "fresh for": f"{one.fresh_hours:g} h" if one.fresh_hours else "",
        "rows": f"{status.rows:,}" if status.rows is not None else "",
        "verdict": status.synced_verdict or "",
        "checks": f"{status.checks - len(status.failed_checks)} of {status.checks} passed" if status.checks else "",
        "next tick": status.next_tick,
    }
    told = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in lines.items() if value)
    words = f"<p class=quiet>{escape(one.description)}</p>" if one.description else ""
    return (
        f"<article class=card><div class=head><h3>{escape(one.name)}</h3>"
        f"<span class=state>{mark(kind)}{state}</span></div>{words}<dl>{told}</dl>"
        f"{_syncs(one)}{_rows(one, now)}{_reasons(one)}</article>"
    )


def _syncs(one: ResourceFacts) -> str:
    if not one.syncs:
        return ""
    shown = one.syncs[-_MOST_SYNCS:]
    marks = [(sync.kind, f"{sync.ended_at:%Y-%m-%d %H:%M}: {sync.kind}. {sync.reason}") for sync in shown]
    words = f"{len(shown)} syncs, the newest last" if len(shown) > 1 else "One sync"
    return f"<h4>{words}</h4>{strip(marks)}"


def _rows(one: ResourceFacts, now: datetime) -> str:
    days = one.rows_by_day(now.date())
    return f"<h4>Rows loaded, {DAYS} days</h4>{bars(days)}" if any(rows for _, rows in days) else ""


def _reasons(one: ResourceFacts) -> str:
    if not one.reasons:
        return ""
    shown = one.reasons.most_common(_MOST_REASONS)
    listed = "".join(f"<li>{count:,}: {escape(reason)}</li>" for reason, count in shown)
    more = len(one.reasons) - len(shown)
    others = f"<li>and {more} other reasons</li>" if more > 0 else ""
    return f"<h4>Records set aside: {one.reasons.total():,}</h4><ul>{listed}{others}</ul>"


def _slowest(every: Sequence[ResourceFacts]) -> str:
    timed = sorted(((one.seconds, one) for one in every if one.seconds is not None), key=lambda pair: -pair[0])
    if not timed:
        return ""
    longest = timed[0][0]
    rows = []
    for seconds, one in timed[:_MOST_SLOW]:
        synced = [sync for sync in one.syncs if sync.state == "synced"]
        requests, retries = (sum(getattr(sync, name) for sync in synced) for name in ("requests", "retries"))
        name = escape(one.status.asset).replace("/", "/<wbr>")
        rows.append(
            f"<tr><td>{name}</td><td class=wide>{share(seconds, longest)}</td>"
            f"<td class=n>{seconds:,.1f} s</td><td class=n>{requests:,}</td><td class=n>{retries:,}</td></tr>"
        )
    return (
        f"<section><h2>The slowest</h2><p class=quiet>A sync's seconds, in the middle of those of {DAYS} days.</p>"
        "<table><thead><tr><th>asset</th><th class=wide></th><th class=n>a sync</th><th class=n>requests</th>"
        f"<th class=n>retries</th></tr></thead><tbody>{''.join(rows)}</tbody></table></section>"
    )


def _ago(one: ResourceFacts) -> str:
    return ago(one.status.lag_seconds or 0.0)
